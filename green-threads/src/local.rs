//! Green locals: each green thread has its own value.

use std::any::{Any, TypeId};
use std::collections::HashMap;
use std::rc::Rc;

use crate::hub;

/// The locals of one green thread, by the address of their key.
#[derive(Default)]
pub(crate) struct Locals {
    values: HashMap<(usize, TypeId), Rc<dyn Any>>,
}

/// A key of a value that each green thread has for itself. The value is made at its first use.
/// Declare the key with [`green_local!`](crate::green_local). The thread's own stack counts as a
/// green thread.
///
/// The values are dropped when their green thread ends.
pub struct LocalKey<T: 'static> {
    init: fn() -> T,
}

impl<T: 'static> LocalKey<T> {
    #[doc(hidden)]
    pub const fn new(init: fn() -> T) -> Self {
        LocalKey { init }
    }

    /// Calls `f` with this green thread's value.
    ///
    /// If `f` waits, others run, but none of them can reach this value.
    pub fn with<R>(&'static self, f: impl FnOnce(&T) -> R) -> R {
        let key = (std::ptr::from_ref(self) as usize, TypeId::of::<T>());
        let task = hub::current();
        let locals = task.take_locals().unwrap_or_default();
        let known = locals.values.get(&key).cloned();
        task.set_locals(Some(locals));
        let value = known.unwrap_or_else(|| {
            // It may use other locals, or wait: nothing is borrowed here.
            let value: Rc<dyn Any> = Rc::new((self.init)());
            let mut locals = task.take_locals().unwrap_or_default();
            let value = Rc::clone(locals.values.entry(key).or_insert(value));
            task.set_locals(Some(locals));
            value
        });
        match value.downcast_ref::<T>() {
            Some(value) => f(value),
            None => unreachable!("the key has the type in it"),
        }
    }
}

impl<T> std::fmt::Debug for LocalKey<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LocalKey")
    }
}

/// Declares a [`LocalKey`].
///
/// # Examples
///
/// ```
/// use std::cell::Cell;
///
/// green_threads::green_local! {
///     /// How many times this green thread has called.
///     static ASKED: Cell<u32> = Cell::new(0);
/// }
///
/// let ask = || ASKED.with(|asked| asked.replace(asked.get() + 1));
/// let one = green_threads::spawn(move || [ask(), ask()]);
/// let other = green_threads::spawn(move || [ask(), ask()]);
/// assert_eq!((one.join().unwrap(), other.join().unwrap()), ([0, 1], [0, 1]));
/// ```
#[macro_export]
macro_rules! green_local {
    ($($(#[$meta:meta])* $vis:vis static $name:ident: $type:ty = $init:expr;)+) => {
        $($(#[$meta])* $vis static $name: $crate::LocalKey<$type> =
            $crate::LocalKey::new(|| $init);)+
    };
}
