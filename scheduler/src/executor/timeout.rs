//! Time-outs.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::sleep;

/// It timed out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing came within {0:?}")]
pub struct Elapsed(pub Duration);

/// The output of `future`, if it comes in time. Otherwise the future is dropped at its present
/// await point.
///
/// The time counts from the first poll. A future that is ready at the moment of the time-out counts
/// as in time.
///
/// # Errors
///
/// When it timed out.
pub async fn timeout<F: Future>(time: Duration, future: F) -> Result<F::Output, Elapsed> {
    let (mut future, mut over) = (pin!(future), pin!(sleep(time)));
    poll_fn(|context| {
        if let Poll::Ready(output) = future.as_mut().poll(context) {
            return Poll::Ready(Ok(output));
        }
        over.as_mut().poll(context).map(|()| Err(Elapsed(time)))
    })
    .await
}
