//! The job types that worker processes know, and the hook that makes a process a worker.

use std::any::TypeId;
use std::sync::OnceLock;

use super::worker;
use crate::error::Error;
use crate::job::{Job, JobType};

static JOBS: OnceLock<Vec<JobType>> = OnceLock::new();

/// Makes this process a worker, if that is what it was started for; otherwise just notes the job
/// types. Call it first in `main`.
///
/// A worker process is this same program, started again: it runs `main` up to here and no further.
/// So whatever stands before the hook is done once more in every worker.
///
/// Calling it again with the same list does nothing; in a worker it does not return.
///
/// # Panics
/// If it is called again with another list, or one job type is in the list twice: a job must mean
/// the same thing in all processes.
///
/// # Examples
/// ```
/// use executors::{Error, Executor, Job, ProcessPool, job};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Square(u64);
///
/// impl Job for Square {
///     type Output = u64;
///     fn run(self) -> u64 { self.0 * self.0 }
/// }
///
/// fn main() -> Result<(), Error> {
///     executors::hook(&[job::<Square>()]);
///
///     let pool = ProcessPool::new(2)?;
///     assert_eq!(pool.submit(Square(12))?.result(), Ok(144));
///     Ok(())
/// }
/// ```
pub fn hook(jobs: &[JobType]) {
    for (index, job) in jobs.iter().enumerate() {
        let twice = jobs[..index].iter().any(|other| other.id() == job.id());
        assert!(
            !twice,
            "executors::hook: {} is in the list twice",
            job.name()
        );
    }
    let known = JOBS.get_or_init(|| jobs.to_vec());
    let same = known.len() == jobs.len() && known.iter().zip(jobs).all(|(a, b)| a.id() == b.id());
    assert!(
        same,
        "executors::hook was called before with another list ({known:?}, now {jobs:?}); \
         put all job types in one list"
    );
    if let Some(settings) = worker::Settings::of_this_process() {
        worker::serve(known, settings);
    }
}

/// How many job types are known; an error if the hook was not called.
pub(super) fn len() -> Result<usize, Error> {
    Ok(JOBS.get().ok_or(Error::HookMissing)?.len())
}

/// What a job type is called in frames.
pub(super) fn index_of<J: Job>() -> Result<u32, Error> {
    let jobs = JOBS.get().ok_or(Error::HookMissing)?;
    let position = jobs.iter().position(|job| job.id() == TypeId::of::<J>());
    match position {
        Some(index) => Ok(index as u32),
        None => {
            let job = std::any::type_name::<J>();
            Err(Error::NotRegistered {
                job: job.to_owned(),
                // Good enough to be copied: `a::B<c::D>` becomes `B<c::D>`.
                short: job
                    .split_once('<')
                    .map_or(job, |(path, _)| path)
                    .rsplit_once("::")
                    .map_or(job, |(path, _)| &job[path.len() + 2..])
                    .to_owned(),
            })
        }
    }
}
