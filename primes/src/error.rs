//! What can go wrong in a model.

use std::io;
use std::process::ExitStatus;

use crate::job::Job;

/// Why a model has no complete answer.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The system refused a thread, a process or a runtime.
    #[error("cannot start {what}")]
    Start {
        /// What was to be started.
        what: String,
        /// The system's reason.
        source: io::Error,
    },
    /// A worker process ended in the middle of a job.
    #[error("worker process {pid} died ({status}) while it worked on \"{job}\"")]
    WorkerDied {
        /// The worker's process id.
        pid: u32,
        /// How it ended.
        status: ExitStatus,
        /// What it was working on.
        job: Job,
    },
    /// The pipe to a worker process failed although the worker lives, or it sent no number.
    #[error("worker process {pid} cannot be understood while it works on \"{job}\"")]
    Pipe {
        /// The worker's process id.
        pid: u32,
        /// What it was working on.
        job: Job,
        /// The reason.
        source: io::Error,
    },
}

impl Error {
    pub(crate) fn start(what: impl Into<String>) -> impl FnOnce(io::Error) -> Error {
        |source| Error::Start {
            what: what.into(),
            source,
        }
    }
}
