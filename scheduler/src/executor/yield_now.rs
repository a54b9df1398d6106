//! Yield: lets the other tasks run.

use std::pin::Pin;
use std::task::{Context, Poll};

/// Lets all ready tasks run once before this task goes on. It works on any executor.
///
/// # Examples
///
/// ```
/// use std::cell::RefCell;
/// use scheduler::executor::{Executor, scope, yield_now};
///
/// # fn main() -> std::io::Result<()> {
/// let order = RefCell::new(Vec::new());
/// Executor::new()?.block_on(scope(async |scope| {
///     for name in ["a", "b"] {
///         let order = &order;
///         scope.spawn(async move {
///             for n in 0..2 {
///                 order.borrow_mut().push((name, n));
///                 yield_now().await;
///             }
///         });
///     }
/// }));
/// assert_eq!(order.into_inner(), [("a", 0), ("b", 0), ("a", 1), ("b", 1)]);
/// # Ok(()) }
/// ```
pub fn yield_now() -> YieldNow {
    YieldNow { yielded: false }
}

/// The future of [`yield_now`].
#[derive(Debug)]
#[must_use = "futures do nothing unless they are awaited"]
pub struct YieldNow {
    yielded: bool,
}

impl Future for YieldNow {
    type Output = ();

    #[inline]
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.yielded {
            return Poll::Ready(());
        }
        self.yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    }
}
