//! The number of a pool's workers: as asked for, or as there are CPUs.

use std::cell::Cell;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::Error;

/// The most workers that a pool may have. A machine runs out of threads or processes before that;
/// far beyond it, their bookkeeping alone would be more memory than there is.
pub const MAX_WORKERS: usize = 1 << 16;

/// How many CPUs there are for each job of this process, if it is itself a worker; 0 if it is none.
static SHARE_OF_PROCESS: AtomicUsize = AtomicUsize::new(0);

thread_local! {
    /// The same for a worker thread.
    static SHARE_OF_THREAD: Cell<usize> = const { Cell::new(0) };
}

/// As many workers as asked for; or as this process may use CPUs, divided by the workers beside
/// which a job asks for them: pools within pools would take the square of the CPUs.
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

/// The CPUs that a pool made here and now may fill.
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

/// The CPUs for each of so many workers of a pool made here.
pub(crate) fn share(workers: usize) -> usize {
    (cpus() / workers.max(1)).max(1)
}

/// Notes the share of this worker thread.
pub(crate) fn set_share_of_thread(share: usize) {
    SHARE_OF_THREAD.set(share);
}

/// Notes the share of this worker process.
#[cfg(feature = "processes")]
pub(crate) fn set_share_of_process(share: usize) {
    SHARE_OF_PROCESS.store(share, Ordering::Relaxed);
}
