//! The number of a pool's workers: the requested one, or the number of CPUs.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;

/// The maximum number of workers of a pool. A machine runs out of threads or processes before that;
/// with far more, their bookkeeping would need more memory than the machine has.
pub const MAX_WORKERS: usize = 1 << 16;

/// The number of CPUs per job of this process, if it is itself a worker; otherwise 0.
static SHARE_OF_PROCESS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The same for a worker thread.
    static SHARE_OF_THREAD: Cell<usize> = const { Cell::new(0) };
}

/// Returns the requested number of workers. The default is the number of CPUs that this process may
/// use, divided by the number of workers of the pool around it: nested pools would otherwise use
/// the square of the CPUs.
pub(crate) fn count(wanted: Option<usize>) -> Result<usize, Error> {
    match wanted {
        Some(0) => Err(Error::NoWorkers),
        Some(wanted) if wanted > MAX_WORKERS => Err(Error::TooManyWorkers {
            wanted,
            limit: MAX_WORKERS,
        }),
        Some(wanted) => Ok(wanted),
        None => Ok(cpus()),
    }
}

/// The number of CPUs that a pool created here may use.
fn cpus() -> usize {
    let all = || std::thread::available_parallelism().map_or(1, usize::from);
    match (
        SHARE_OF_THREAD.get(),
        SHARE_OF_PROCESS.load(Ordering::Relaxed),
    ) {
        (0, 0) => all(),
        (0, share) | (share, _) => share,
    }
    .min(MAX_WORKERS)
}

/// The number of CPUs for each of this number of workers of a pool created here.
pub(crate) fn share(workers: usize) -> usize {
    (cpus() / workers.max(1)).max(1)
}

/// Stores the share of this worker thread.
pub(crate) fn set_share_of_thread(share: usize) {
    SHARE_OF_THREAD.set(share);
}

/// Stores the share of this worker process.
#[cfg(feature = "processes")]
pub(crate) fn set_share_of_process(share: usize) {
    SHARE_OF_PROCESS.store(share, Ordering::Relaxed);
}
