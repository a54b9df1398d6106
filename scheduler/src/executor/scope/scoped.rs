//! A task of a scope, and its result.

use std::cell::Cell;
use std::fmt;
use std::future::poll_fn;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

/// Makes two futures: the task that a scope polls, and the one that gives its result.
pub(super) fn task<F: Future>(future: F) -> (impl Future<Output = ()>, Scoped<F::Output>) {
    let result = Rc::new(Returned {
        value: Cell::new(Value::Awaited),
        joiner: Cell::new(None),
        aborted: Cell::new(false),
        task: Cell::new(None),
    });
    let returned = Return(Rc::clone(&result));
    let task = async move {
        let mut future = pin!(future);
        let value = poll_fn(|context| {
            if returned.0.aborted.get() {
                return Poll::Ready(None);
            }
            returned.keep(context.waker());
            future.as_mut().poll(context).map(Some)
        })
        .await;
        if let Some(value) = value {
            returned.0.value.set(Value::There(value));
        }
    };
    (task, Scoped { result })
}

enum Value<T> {
    Awaited,
    There(T),
    Taken,
    /// The task was dropped before it returned.
    Cancelled,
}

struct Returned<T> {
    value: Cell<Value<T>>,
    joiner: Cell<Option<Waker>>,
    aborted: Cell<bool>,
    /// The waker that the task was last polled with.
    task: Cell<Option<Waker>>,
}

/// Wakes the waiter when the task has ended, however it ends.
struct Return<T>(Rc<Returned<T>>);

impl<T> Return<T> {
    fn keep(&self, waker: &Waker) {
        let kept = self.0.task.take();
        let kept = kept.filter(|kept| kept.will_wake(waker));
        self.0.task.set(kept.or_else(|| Some(waker.clone())));
    }
}

impl<T> Drop for Return<T> {
    fn drop(&mut self) {
        drop(self.0.task.take());
        match self.0.value.replace(Value::Cancelled) {
            Value::Awaited => {}
            value => self.0.value.set(value),
        }
        if let Some(joiner) = self.0.joiner.take() {
            joiner.wake();
        }
    }
}

/// The result of a task in a scope, as a future.
///
/// # Panics
///
/// Awaiting it panics when the task was [aborted](Scoped::abort) or its scope had ended, and when
/// it is awaited again after it has given its result.
pub struct Scoped<T> {
    result: Rc<Returned<T>>,
}

impl<T> Scoped<T> {
    /// Cancels the task: its future is dropped at its present await point when the scope is polled
    /// next.
    pub fn abort(&self) {
        self.result.aborted.set(true);
        if let Some(task) = self.result.task.take() {
            task.wake();
        }
    }

    /// Waits for the task; `None` if it was cancelled.
    ///
    /// # Panics
    ///
    /// If it is awaited again after it has given its result.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::executor::{Executor, scope};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// Executor::new()?.block_on(scope(async |scope| {
    ///     let endless = scope.spawn(std::future::pending::<()>());
    ///     endless.abort();
    ///     assert_eq!(endless.unless_cancelled().await, None);
    /// }));
    /// # Ok(()) }
    /// ```
    pub async fn unless_cancelled(self) -> Option<T> {
        poll_fn(|context| self.poll_value(context)).await
    }

    fn poll_value(&self, context: &Context<'_>) -> Poll<Option<T>> {
        match self.result.value.replace(Value::Taken) {
            Value::There(value) => Poll::Ready(Some(value)),
            Value::Taken => panic!("this task has given its result before: it is awaited once"),
            Value::Cancelled => {
                self.result.value.set(Value::Cancelled);
                Poll::Ready(None)
            }
            Value::Awaited => {
                self.result.value.set(Value::Awaited);
                self.result.joiner.set(Some(context.waker().clone()));
                Poll::Pending
            }
        }
    }
}

impl<T> Future for Scoped<T> {
    type Output = T;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<T> {
        self.poll_value(context)
            .map(|value| value.unwrap_or_else(|| panic!("this task of the scope was cancelled")))
    }
}

impl<T> fmt::Debug for Scoped<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scoped")
    }
}
