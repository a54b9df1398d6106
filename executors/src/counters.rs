//! Counts of what a pool has done so far.

/// What a pool has done since it was made. A chunk counts as one job.
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
    /// Jobs that were accepted.
    pub submitted: u64,
    /// Jobs that were started; one that is tried again counts again.
    pub started: u64,
    /// Jobs that ended before they were started: cancelled, or given up with the pool.
    pub cancelled: u64,
    /// Jobs that were put back because their worker died, and they allowed that.
    pub retried: u64,
    /// Worker processes that were started.
    pub workers_started: u64,
    /// Worker processes that could not be started.
    pub failed_starts: u64,
    /// Worker processes that were lost: that ended without the pool having ended them.
    pub workers_lost: u64,
}
