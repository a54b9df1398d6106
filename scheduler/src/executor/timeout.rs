//! Not waiting for ever.

use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use super::sleep;

/// It took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("nothing came within {0:?}")]
pub struct Elapsed(pub Duration);

/// The output of `future`, if it comes in time; else the future is dropped where it stands.
///
/// The time counts from when this is first awaited. A future that is ready when the time is up has
/// come in time.
///
/// # Errors
///
/// When it did not come in time.
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
