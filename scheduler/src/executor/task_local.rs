//! Values that belong to a task, as thread locals belong to a thread.

use std::cell::RefCell;
use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::thread::LocalKey;

/// A value that each task may have for itself. Declare it with [`task_local!`](crate::task_local).
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Executor, gather, yield_now};
/// use scheduler::task_local;
///
/// task_local! {
///     /// The user that made the request.
///     static USER: &'static str;
/// }
///
/// async fn greet() -> String {
///     yield_now().await;
///     USER.with(|user| format!("hello, {user}"))
/// }
///
/// # fn main() -> std::io::Result<()> {
/// let greetings = Executor::new()?.block_on(gather(
///     ["ann", "bob"].map(|user| USER.scope(user, greet())),
/// ));
/// assert_eq!(greetings, ["hello, ann", "hello, bob"]);
/// # Ok(()) }
/// ```
pub struct TaskLocal<T: 'static> {
    #[doc(hidden)]
    pub slot: &'static LocalKey<RefCell<Option<T>>>,
}

impl<T: 'static> TaskLocal<T> {
    /// Runs `future` with this value. Tasks that it spawns do not inherit the value. The
    /// destructors of what `future` holds see it too, even if the future is dropped before its end.
    pub async fn scope<F: Future>(&'static self, value: T, future: F) -> F::Output {
        let kept = RefCell::new(Some(value));
        // The value is in its slot while the future is polled or dropped, and is taken back before
        // other code runs. Locals are dropped in reverse order: first `to_drop` lends the value,
        // then the future is dropped, then `back` takes the value back.
        let back = Lent::later(self.slot, &kept);
        let mut future = pin!(future);
        let to_drop = Lent::later(self.slot, &kept);
        let output = poll_fn(|context| {
            let _lent = Lent::now(self.slot, &kept);
            future.as_mut().poll(context)
        })
        .await;
        drop((to_drop, &back));
        output
    }

    /// Calls `look` with the value.
    ///
    /// # Panics
    ///
    /// Outside of every [`scope`](TaskLocal::scope).
    #[track_caller]
    pub fn with<R>(&'static self, look: impl FnOnce(&T) -> R) -> R {
        self.slot.with_borrow(|value| match value {
            Some(value) => look(value),
            None => panic!("this task local has no value: it has one inside scope() only"),
        })
    }
}

impl<T> fmt::Debug for TaskLocal<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TaskLocal")
    }
}

/// Swaps the values in the slot and in `kept` when it is dropped, also after a panic.
struct Lent<'a, T: 'static> {
    slot: &'static LocalKey<RefCell<Option<T>>>,
    kept: &'a RefCell<Option<T>>,
}

impl<'a, T> Lent<'a, T> {
    fn later(
        slot: &'static LocalKey<RefCell<Option<T>>>,
        kept: &'a RefCell<Option<T>>,
    ) -> Lent<'a, T> {
        Lent { slot, kept }
    }

    fn now(
        slot: &'static LocalKey<RefCell<Option<T>>>,
        kept: &'a RefCell<Option<T>>,
    ) -> Lent<'a, T> {
        let lent = Lent { slot, kept };
        lent.exchange();
        lent
    }

    fn exchange(&self) {
        // A thread that is ending has no slots any more.
        let _there = self.slot.try_with(|slot| slot.swap(self.kept));
    }
}

impl<T> Drop for Lent<'_, T> {
    fn drop(&mut self) {
        self.exchange();
    }
}

/// Declares [`TaskLocal`](crate::executor::TaskLocal)s.
#[macro_export]
macro_rules! task_local {
    ($($(#[$attribute:meta])* $visibility:vis static $name:ident: $type:ty;)+) => {$(
        $(#[$attribute])*
        $visibility static $name: $crate::executor::TaskLocal<$type> = {
            ::std::thread_local! {
                static SLOT: ::std::cell::RefCell<::std::option::Option<$type>> =
                    const { ::std::cell::RefCell::new(::std::option::Option::None) };
            }
            $crate::executor::TaskLocal { slot: &SLOT }
        };
    )+};
}
