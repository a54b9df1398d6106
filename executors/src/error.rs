//! The errors of this crate.

use std::fmt;
use std::time::Duration;

use crate::panics::Panic;
use crate::worker_id::{Exit, WorkerId};

/// The reason why a job has no result, or could not be submitted.
///
/// With the feature `processes` it can be serialized (serde).
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
#[non_exhaustive]
pub enum Error {
    /// The job was cancelled: before it started, by [`Future::cancel`](crate::Future::cancel) or by
    /// a shutdown that cancels pending jobs; or while it ran, by
    /// [`Future::cancel_running`](crate::Future::cancel_running).
    #[error("the job was cancelled")]
    Cancelled,

    /// The wait timed out before the job ended. The job continues, and can be waited for again.
    #[error("no result after waiting {after:?}; the job has not been stopped")]
    TimedOut {
        /// The time limit of the wait.
        after: Duration,
    },

    /// The job ran longer than its time limit, and its worker was ended.
    #[error("{} its limit of {limit:?}; {worker} was ended", overran(*.place))]
    Overran {
        /// The limit of this job, or of its whole chunk.
        limit: Duration,
        /// The worker process that ran it.
        worker: WorkerId,
        /// In a chunk: the index, from 0, of the job that was running. The jobs before it have
        /// results; those after it were not started.
        place: Option<u32>,
    },

    /// The job panicked.
    #[error("the job panicked at {location}: {message}")]
    Panicked {
        /// The panic's message.
        message: String,
        /// `file:line:column`; `"an unknown place"` if the program replaced the panic hook after
        /// creating its pool.
        location: String,
    },

    /// The worker process died while it ran the job.
    #[error("{worker} died while it ran the job ({exit}{})", of_memory(*.exit, *.memory_limit))]
    WorkerDied {
        /// The worker process that ran it.
        worker: WorkerId,
        /// How it ended.
        exit: Exit,
        /// The limit of its address space in bytes, if it had one: a possible reason for its death.
        memory_limit: Option<u64>,
    },

    /// The pool was killed while the job was running.
    #[error("the pool was killed while {worker} ran the job")]
    Killed {
        /// The worker process that ran it.
        worker: WorkerId,
    },

    /// The worker sent data that is not a frame of this pool: a job wrote to the pipe directly. The
    /// worker was killed.
    #[error("{worker} sent invalid data ({what}): did the job write to its pipe?")]
    Garbled {
        /// The worker process that sent it.
        worker: WorkerId,
        /// The error in the data.
        what: String,
    },

    /// The job's outcome is unknown: its owner has gone, or dropped it.
    #[error("the job was lost: {what}")]
    Lost {
        /// The details that are known.
        what: String,
    },

    /// The job, or its result, was stored for a limited time, and nobody fetched it.
    #[error("the job's {part} was kept for {after:?} and has expired")]
    Expired {
        /// The part that has expired.
        part: Part,
        /// How long it was stored.
        after: Duration,
    },

    /// The connection to the workers is down. The job may have run, or may still run.
    #[error("disconnected from {from}: {message}")]
    Disconnected {
        /// The other end of the connection.
        from: String,
        /// The message of the system or of the other end.
        message: String,
    },

    /// The worker comes from another build, whose job of this name is different.
    #[error("{job}: this program has {ours}, the worker has {theirs}; use one build on both sides")]
    VersionMismatch {
        /// The job's name.
        job: String,
        /// This program's version of it.
        ours: String,
        /// The worker's version of it.
        theirs: String,
    },

    /// The pool has given up, because its workers die faster than they finish jobs.
    #[error("the pool is broken: {reason}")]
    PoolBroken {
        /// The last failure.
        reason: String,
    },

    /// A worker of the pool would have waited for a job of the same pool. That job may never start,
    /// because the worker is blocked by the wait.
    #[error(
        "deadlock: a job may not wait for an unfinished job of its own pool; wait outside the \
         pool, or give the inner job a pool of its own"
    )]
    Deadlock,

    /// The pool accepts no more jobs, because it was shut down.
    #[error("the pool has been shut down")]
    ShutDown,

    /// The queue is full, and the caller does not wait (any longer); or the caller is a worker of
    /// the same pool, which must not wait.
    #[error("the queue is full ({limit} jobs are pending)")]
    QueueFull {
        /// The maximum number of pending jobs.
        limit: usize,
    },

    /// A job or its result is larger than the maximum frame.
    #[error(
        "the {part} of {job} takes {size} bytes, more than the {limit} a frame may hold: raise \
         `frame_limit`, or pass a file name instead of its content"
    )]
    TooLarge {
        /// The part that is too large.
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

    /// A job or its result can't be encoded, or the encoded bytes can't be read back as the same
    /// value.
    #[error("the {part} of {job} can't be serialized and read back: {message}")]
    Codec {
        /// The part with the error.
        part: Part,
        /// The job's type.
        job: String,
        /// The message of serde, postcard or the comparison.
        message: String,
    },

    /// The key belongs to another job that is under way.
    #[error("the key {key:?} belongs to another job that is pending or running")]
    KeyInUse {
        /// The key.
        key: String,
    },

    /// A thread or process could not be started.
    #[error("cannot start {what}: {message}")]
    Spawn {
        /// The thread or process.
        what: String,
        /// The system's message.
        message: String,
    },

    /// A pool without workers was requested.
    #[error("a pool needs at least one worker (0 were asked for)")]
    NoWorkers,

    /// A pool with too many workers was requested.
    #[error("a pool may have {limit} workers at most ({wanted} were asked for)")]
    TooManyWorkers {
        /// The requested number.
        wanted: usize,
        /// The maximum number.
        limit: usize,
    },

    /// The request is not supported by this executor or system.
    #[error("{what} is not supported here")]
    Unsupported {
        /// The request.
        what: String,
    },

    /// The result was taken before.
    #[error("the result of this future has been taken already")]
    Taken,
}

/// The two parts of the communication between a pool and its workers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[cfg_attr(feature = "processes", derive(serde::Serialize, serde::Deserialize))]
pub enum Part {
    /// The job.
    Input,
    /// Its result.
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
        // A failed allocation aborts. A stack that can't grow is a segmentation fault.
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
