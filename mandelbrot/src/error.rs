//! What can go wrong in a model.

use std::io;

/// Why a model has no complete answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The system refused a thread, a process or a runtime.
    #[error("cannot start {what}")]
    Start {
        /// What was to be started.
        what: String,
        /// The system's reason.
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
