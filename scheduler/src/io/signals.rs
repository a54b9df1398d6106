//! Signals of the system.

use std::future::poll_fn;
use std::io;
use std::task::Poll;

use event_loop::Signal;

use crate::executor::Inner;

/// Waits for one of these signals, which from now on do not do what they do otherwise.
///
/// One that comes while nobody waits is kept for the next who does.
///
/// # Errors
///
/// When the system refuses.
///
/// # Panics
///
/// Outside of an executor, and on signals that cannot be handled.
pub async fn signal(signals: &[Signal]) -> io::Result<Signal> {
    let inner = Inner::current();
    inner.event_loop().borrow_mut().handle_signals(signals)?;
    Ok(poll_fn(|context| {
        let mut came = inner.signals().borrow_mut();
        match came.take(signals) {
            Some(signal) => Poll::Ready(signal),
            None => {
                came.wait(context.waker());
                Poll::Pending
            }
        }
    })
    .await)
}
