//! What can go wrong, each with its input named.

use std::process::ExitStatus;
use std::time::Duration;

use crate::panics::Panic;

/// Why a job has no result, or could not be submitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The job was cancelled before it started: by [`Future::cancel`](crate::Future::cancel), or
    /// by a shutdown that cancels what is pending.
    #[error("the job was cancelled before it started")]
    Cancelled,

    /// The wait ended before the job did; the job runs on and can be waited for again.
    #[error("no result after waiting {after:?}; the job has not been stopped")]
    TimedOut {
        /// How long the caller was ready to wait.
        after: Duration,
    },

    /// The job ran longer than the pool's limit for one job, and its worker was killed.
    #[error("the job ran longer than its limit of {limit:?}; worker {pid} was killed")]
    Overran {
        /// The pool's limit for one job.
        limit: Duration,
        /// The worker process that ran it.
        pid: u32,
    },

    /// The job panicked.
    #[error("the job panicked at {location}: {message}")]
    Panicked {
        /// What the panic said.
        message: String,
        /// `file:line:column`; `"an unknown place"` if the program replaced the panic hook after
        /// making its pool.
        location: String,
    },

    /// The worker process died while it ran the job.
    #[error("worker {pid} died while it ran the job ({status})")]
    WorkerDied {
        /// The worker process that ran it.
        pid: u32,
        /// How it ended.
        status: ExitStatus,
    },

    /// The pool was killed while the job was running.
    #[error("the pool was killed while worker {pid} ran the job")]
    Killed {
        /// The worker process that ran it.
        pid: u32,
    },

    /// What arrived from the worker is no frame of this pool: a job wrote to the pipe behind its
    /// back. The worker was killed.
    #[error("worker {pid} sent what is no reply ({what}): did the job write to its pipe?")]
    Garbled {
        /// The worker process that sent it.
        pid: u32,
        /// What was wrong with it.
        what: String,
    },

    /// The pool has given up: its workers die faster than they finish jobs.
    #[error("the pool is broken: {reason}")]
    PoolBroken {
        /// The last of the failures that broke it.
        reason: String,
    },

    /// A worker of the pool would have waited for a job of the same pool, which may never start
    /// because the worker is taken up by the waiting.
    #[error(
        "deadlock: a job may not wait for an unfinished job of its own pool; wait outside the \
         pool, or give the inner job a pool of its own"
    )]
    Deadlock,

    /// The pool takes no more jobs, because it has been shut down.
    #[error("the pool has been shut down")]
    ShutDown,

    /// The queue is full, and the caller did not want to wait (or, as a worker of the same pool,
    /// may not).
    #[error("the queue is full ({limit} jobs are pending)")]
    QueueFull {
        /// How many jobs may be pending.
        limit: usize,
    },

    /// A job or its result is larger than a frame may be.
    #[error(
        "the {part} of {job} takes {size} bytes, more than the {limit} a frame may hold: raise \
         `frame_limit`, or pass a file name instead of its content"
    )]
    TooLarge {
        /// `"input"` or `"result"`.
        part: &'static str,
        /// The job's type.
        job: String,
        /// Encoded size in bytes.
        size: usize,
        /// The limit in bytes.
        limit: usize,
    },

    /// `main` has not called [`hook`](crate::hook), so a worker process could not become a worker.
    #[error(
        "this program has no worker hook, so its copies could not become workers; make this the \
         first line of `main`:\n\n    executors::hook(&[executors::job::<MyJob>()]);\n\nwith \
         every job type that is sent to processes in the list"
    )]
    HookMissing,

    /// The job's type was not given to [`hook`](crate::hook).
    #[error(
        "{job} is not known to the worker processes; add it to the first line of `main`:\n\n    \
         executors::hook(&[executors::job::<{short}>(), ...]);"
    )]
    NotRegistered {
        /// The job's type, with its path.
        job: String,
        /// The job's type, without it.
        short: String,
    },

    /// A job or its result cannot be encoded, or what was encoded cannot be read back.
    #[error("the {part} of {job} did not survive serialization: {message}")]
    Codec {
        /// `"input"` or `"result"`.
        part: &'static str,
        /// The job's type.
        job: String,
        /// What serde or postcard had to say.
        message: String,
    },

    /// A thread or process could not be started.
    #[error("cannot start {what}: {message}")]
    Spawn {
        /// What was to be started.
        what: String,
        /// What the system had to say.
        message: String,
    },

    /// A pool of no workers was asked for.
    #[error("a pool needs at least one worker (0 were asked for)")]
    NoWorkers,

    /// A limit was asked for that this system cannot keep.
    #[error("{what} is not supported on this system")]
    Unsupported {
        /// What was asked for.
        what: &'static str,
    },

    /// The result has been taken already.
    #[error("the result of this future has been taken already")]
    Taken,
}

impl From<Panic> for Error {
    fn from(panic: Panic) -> Self {
        Error::Panicked {
            message: panic.message,
            location: panic.location,
        }
    }
}
