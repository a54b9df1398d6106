//! Waits for the first of two futures.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;

/// The output of the future that was ready first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Either<A, B> {
    /// The output of the first future.
    Left(A),
    /// The output of the second future.
    Right(B),
}

/// The output of the future that is ready first. The other one is dropped at its present await
/// point.
///
/// If both are ready, it is the left one. Put the future that must not be starved on the left, such
/// as a request to stop.
///
/// # Examples
///
/// ```
/// use scheduler::executor::{Either, Executor, select, yield_now};
///
/// # fn main() -> std::io::Result<()> {
/// let first = Executor::new()?.block_on(select(
///     async {
///         yield_now().await;
///         "slow"
///     },
///     async { 1 },
/// ));
/// assert_eq!(first, Either::Right(1));
/// # Ok(()) }
/// ```
pub async fn select<A: Future, B: Future>(a: A, b: B) -> Either<A::Output, B::Output> {
    let (mut a, mut b) = (pin!(a), pin!(b));
    poll_fn(|context| {
        if let Poll::Ready(output) = a.as_mut().poll(context) {
            return Poll::Ready(Either::Left(output));
        }
        b.as_mut().poll(context).map(Either::Right)
    })
    .await
}
