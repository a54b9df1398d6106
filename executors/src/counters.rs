//! The counters of a pool.

/// The number of events since the pool was created. A chunk counts as one job.
///
/// # Examples
/// ```
/// # use executors::ThreadPool;
/// # fn main() -> Result<(), executors::Error> {
/// let pool = ThreadPool::new(2)?;
/// pool.spawn(|| 1)?.result()?;
/// let counters = pool.counters();
/// assert_eq!((counters.submitted, counters.started), (1, 1));
/// # Ok(()) }
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub struct Counters {
    /// Accepted jobs.
    pub submitted: u64,
    /// Started jobs. A retry counts again.
    pub started: u64,
    /// Jobs that ended before they were started: cancelled, or failed with the pool.
    pub cancelled: u64,
    /// Jobs that were retried because their worker died.
    pub retried: u64,
    /// Started worker processes.
    pub workers_started: u64,
    /// Worker processes that could not be started.
    pub failed_starts: u64,
    /// Lost worker processes: those that ended without the pool's action.
    pub workers_lost: u64,
}
