//! A job: a value that can be run here or, written down, somewhere else.

use std::any::{TypeId, type_name};

use serde::Serialize;
use serde::de::DeserializeOwned;

/// Something to be done, as a value: it can be sent to another thread or, written down as bytes,
/// to another process.
///
/// A closure cannot be written down, which is why a process is sent values: the captured data are
/// the fields, the body is [`run`](Job::run).
///
/// # Examples
/// ```
/// use executors::Job;
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct Power { base: u64, exponent: u32 }
///
/// impl Job for Power {
///     type Output = Option<u64>;
///     fn run(self) -> Option<u64> {
///         self.base.checked_pow(self.exponent)
///     }
/// }
///
/// assert_eq!(Power { base: 2, exponent: 10 }.run(), Some(1024));
/// ```
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// What the job comes to. An error of the job's own is best a `Result` in here.
    type Output: Serialize + DeserializeOwned + Send + 'static;

    /// Does the work.
    fn run(self) -> Self::Output;
}

/// A job type, as [`hook`](crate::hook) wants to know it.
#[derive(Clone, Copy)]
pub struct JobType {
    pub(crate) id: fn() -> TypeId,
    pub(crate) name: fn() -> &'static str,
    pub(crate) run: crate::process_pool::codec::RunBatch,
}

impl JobType {
    pub(crate) fn id(&self) -> TypeId {
        (self.id)()
    }

    pub(crate) fn name(&self) -> &'static str {
        (self.name)()
    }
}

impl std::fmt::Debug for JobType {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("JobType").field(&self.name()).finish()
    }
}

/// Names a job type for [`hook`](crate::hook).
///
/// # Examples
/// A library can keep the list of its jobs, and a program joins the lists:
/// ```
/// # use executors::{Job, JobType, job};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Count(u64);
/// # impl Job for Count { type Output = u64; fn run(self) -> u64 { self.0 } }
/// pub const JOBS: &[JobType] = &[job::<Count>()];
/// ```
pub const fn job<J: Job>() -> JobType {
    JobType {
        id: TypeId::of::<J>,
        name: type_name::<J>,
        run: crate::process_pool::codec::run_batch::<J>,
    }
}
