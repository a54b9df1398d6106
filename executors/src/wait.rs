//! `wait`: waits for the first, the first failed, or all of a set of futures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::future::Future;
use crate::gate::Gate;

/// The condition that ends a [`wait`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// One future is done, with any outcome.
    FirstCompleted,
    /// One future has failed (or was cancelled), or all are done.
    FirstFailed,
    /// All are done.
    AllCompleted,
}

/// The indices of the futures that were done when [`wait`] returned, and of the others, in order.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Waited {
    /// The futures with a result.
    pub done: Vec<usize>,
    /// The futures without a result.
    pub not_done: Vec<usize>,
}

/// Waits for a set of futures, and returns which are done. It takes none of the results.
///
/// It also returns after the time limit: nothing is lost, and `not_done` contains the unfinished
/// futures.
///
/// # Errors
/// [`Error::Deadlock`] if this thread is a worker of the pool of an unfinished future.
///
/// # Examples
/// ```
/// use std::time::Duration;
/// use executors::{ThreadPool, Until, wait};
///
/// # fn main() -> Result<(), executors::Error> {
/// let pool = ThreadPool::new(2)?;
/// let futures = [pool.spawn(|| 1)?, pool.spawn(|| 2)?, pool.spawn(|| 3)?];
/// let waited = wait(&futures, Until::AllCompleted, Some(Duration::from_secs(60)))?;
/// assert_eq!(waited.done, [0, 1, 2]);
/// # Ok(()) }
/// ```
pub fn wait<T>(
    futures: &[Future<T>],
    until: Until,
    timeout: Option<Duration>,
) -> Result<Waited, Error> {
    let deadline = timeout.and_then(|timeout| Instant::now().checked_add(timeout));
    for future in futures {
        future.check_deadlock()?;
    }
    let gate = Arc::new(Gate::default());
    for (index, future) in futures.iter().enumerate() {
        future.watch(index, &gate);
    }
    for _ in futures {
        let Some(arrival) = gate.next(deadline) else {
            break;
        };
        let enough = match until {
            Until::FirstCompleted => true,
            Until::FirstFailed => arrival.failed,
            Until::AllCompleted => false,
        };
        if enough {
            break;
        }
    }
    for future in futures {
        future.unwatch(&gate);
    }
    let (done, not_done) = (0..futures.len()).partition(|&index| futures[index].is_done());
    Ok(Waited { done, not_done })
}
