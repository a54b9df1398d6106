//! The errors, each with its input named.

use std::fmt;
use std::time::Duration;

use crate::panics::Panic;
use crate::worker_id::{Exit, WorkerId};

/// Why a job has no result, or could not be submitted.
///
/// With the feature `processes` it can be written down and sent on (serde).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Error {
    /// The job was cancelled: before it started, by [`Future::cancel`](crate::Future::cancel) or by
    /// a shutdown that cancels what is pending; or while it ran, by
    /// [`Future::cancel_running`](crate::Future::cancel_running).
    #[error("the job was cancelled")]
    Cancelled,

    /// The wait ended before the job did; the job runs on and can be waited for again.
    #[error("no result after waiting {after:?}; the job has not been stopped")]
    TimedOut {
        /// How long the caller was ready to wait.
        after: Duration,
    },

    /// The job ran longer than its time limit, and its worker was ended.
    #[error("{} its limit of {limit:?}; {worker} was ended", overran(*.place))]
    Overran {
        /// The limit for this job, or for all of its chunk.
        limit: Duration,
        /// The worker process that ran it.
        worker: WorkerId,
        /// In a chunk: the place, from 0, of the job that was running then. The jobs before it have
        /// their results; those after it were not begun.
        place: Option<u32>,
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
    #[error("{worker} died while it ran the job ({exit}{})", of_memory(*.exit, *.memory_limit))]
    WorkerDied {
        /// The worker process that ran it.
        worker: WorkerId,
        /// How it ended.
        exit: Exit,
        /// The limit of its address space in bytes, if it had one: what it may have died of.
        memory_limit: Option<u64>,
    },

    /// The pool was killed while the job was running.
    #[error("the pool was killed while {worker} ran the job")]
    Killed {
        /// The worker process that ran it.
        worker: WorkerId,
    },

    /// What arrived from the worker is no frame of this pool: a job wrote to the pipe behind its
    /// back. The worker was killed.
    #[error("{worker} sent what is no reply ({what}): did the job write to its pipe?")]
    Garbled {
        /// The worker process that sent it.
        worker: WorkerId,
        /// What was wrong with it.
        what: String,
    },

    /// Nobody can say what became of the job: whoever had it is gone, or let go of it.
    #[error("the job was lost: {what}")]
    Lost {
        /// What is known of it.
        what: String,
    },

    /// The job, or its result, was kept for a time, and nobody came for it.
    #[error("the job's {part} was kept for {after:?} and has expired")]
    Expired {
        /// What has expired.
        part: Part,
        /// How long it was kept.
        after: Duration,
    },

    /// The connection to the workers is down; the job may have run, or run yet.
    #[error("disconnected from {from}: {message}")]
    Disconnected {
        /// The other end.
        from: String,
        /// What the system or the other end had to say.
        message: String,
    },

    /// The worker is of another build, which means something else by this job.
    #[error("{job}: this program has {ours}, the worker has {theirs}; use one build on both sides")]
    VersionMismatch {
        /// The job's name.
        job: String,
        /// What this program knows of it.
        ours: String,
        /// What the worker knows of it.
        theirs: String,
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

    /// The queue is full, and the caller did not want to wait (any longer; or, as a worker of the
    /// same pool, may not).
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
        /// What is too large.
        part: Part,
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

    /// A job or its result cannot be encoded, or what was encoded cannot be read back as what it
    /// was.
    #[error("the {part} of {job} did not survive serialization: {message}")]
    Codec {
        /// What did not survive.
        part: Part,
        /// The job's type.
        job: String,
        /// What serde, postcard or the comparison had to say.
        message: String,
    },

    /// This key belongs to another job that is under way.
    #[error("the key {key:?} belongs to another job that is pending or running")]
    KeyInUse {
        /// The key.
        key: String,
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

    /// A pool of more workers than a pool may have was asked for.
    #[error("a pool may have {limit} workers at most ({wanted} were asked for)")]
    TooManyWorkers {
        /// How many were asked for.
        wanted: usize,
        /// How many there may be.
        limit: usize,
    },

    /// Something was asked for that this executor, or this system, can't do.
    #[error("{what} is not supported here")]
    Unsupported {
        /// What was asked for.
        what: String,
    },

    /// The result has been taken already.
    #[error("the result of this future has been taken already")]
    Taken,
}

/// What travels between a pool and its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
pub enum Part {
    /// The job.
    Input,
    /// What it came to.
    Result,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Part::Input => "input",
            Part::Result => "result",
        })
    }
}

fn overran(place: Option<u32>) -> String {
    match place {
        None => "the job ran longer than".to_owned(),
        Some(place) => format!("the chunk, at its job {place} (from 0), ran longer than"),
    }
}

fn of_memory(exit: Exit, limit: Option<u64>) -> String {
    match (limit, exit) {
        // An allocation that fails aborts; a stack that can't grow is a segmentation fault.
        (Some(limit), Exit::Signal(6 | 7 | 9 | 11)) => {
            format!("; it may have needed more than its memory limit of {limit} bytes")
        }
        _ => String::new(),
    }
}

impl From<Panic> for Error {
    fn from(panic: Panic) -> Self {
        Error::Panicked {
            message: panic.message,
            location: panic.location,
        }
    }
}
