//! The job types that worker processes know, and the hook that turns a process into a worker.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

use super::settings::Settings;
use super::worker;
use crate::error::Error;
use crate::job::JobType;

static JOBS: OnceLock<Vec<JobType>> = OnceLock::new();

/// Whether this process is a worker that has reached the hook.
static SERVING: AtomicBool = AtomicBool::new(false);

/// Turns this process into a worker, if it was started as one; otherwise it only registers the job
/// types. Call it first in `main`.
///
/// A worker process is this same program, started again: it runs `main` up to this call and no
/// further. So the code before the hook runs again in every worker.
///
/// In a worker it does not return. Another call with the same list, for example from a job, does
/// nothing.
///
/// # Panics
/// If it is called again with another list, or if a job type (or name) is twice in the list: a job
/// must mean the same in all processes.
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
        let twice = |other: &JobType| other.id() == job.id() || other.name() == job.name();
        assert!(
            !jobs[..index].iter().any(twice),
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
    if let Some(settings) = Settings::of_this_process()
        && !SERVING.swap(true, Ordering::Relaxed)
    {
        worker::serve(known, settings);
    }
}

/// The registered job types. An error if the hook was not called.
pub(super) fn jobs() -> Result<&'static [JobType], Error> {
    Ok(JOBS.get().ok_or(Error::HookMissing)?)
}

/// The index of a job type in frames.
pub(super) fn index_of(job: &JobType) -> Result<u32, Error> {
    let id = job.id();
    let position = jobs()?.iter().position(|other| other.id() == id);
    position.map(|index| index as u32).ok_or_else(|| {
        let job = job.path();
        Error::NotRegistered {
            job: job.to_owned(),
            // A text for the error's example: `a::B<c::D>` becomes `B<c::D>`.
            short: job
                .split_once('<')
                .map_or(job, |(path, _)| path)
                .rsplit_once("::")
                .map_or(job, |(path, _)| &job[path.len() + 2..])
                .to_owned(),
        }
    })
}

/// The job types of this process, encoded for the other end of a pipe.
pub(super) fn description() -> Vec<u8> {
    let mut bytes = Vec::new();
    for job in JOBS.get().into_iter().flatten() {
        let text = job.describe();
        bytes.extend_from_slice(&(text.len() as u32).to_le_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

/// Compares the other end's job types with those of this process.
pub(super) fn compare(mut theirs: &[u8]) -> Result<(), Error> {
    let mut next = || {
        let (length, rest) = theirs.split_first_chunk::<4>()?;
        let (text, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
        theirs = rest;
        Some(String::from_utf8_lossy(text).into_owned())
    };
    let mismatch = |job: &str, ours: &str, theirs: &str| Error::VersionMismatch {
        job: job.to_owned(),
        ours: ours.to_owned(),
        theirs: theirs.to_owned(),
    };
    for job in JOBS.get().into_iter().flatten() {
        let ours = job.describe();
        match next() {
            Some(theirs) if theirs == ours => {}
            Some(theirs) => return Err(mismatch(job.name(), &ours, &theirs)),
            None => return Err(mismatch(job.name(), &ours, "no such job")),
        }
    }
    match next() {
        None => Ok(()),
        Some(more) => Err(mismatch("the list of jobs", "no such job", &more)),
    }
}
