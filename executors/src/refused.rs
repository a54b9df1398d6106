//! A job that was not accepted, and the reason.

use std::fmt;

use crate::error::Error;

/// A job that was not accepted, and the reason.
#[derive(Clone, PartialEq)]
pub struct Refused<J> {
    /// The job, for another attempt.
    pub job: J,
    /// The reason.
    pub error: Error,
}

impl<J> fmt::Debug for Refused<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Refused")
            .field("error", &self.error)
            .finish_non_exhaustive()
    }
}

impl<J> fmt::Display for Refused<J> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the job was not accepted: {}", self.error)
    }
}

impl<J> std::error::Error for Refused<J> {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&self.error)
    }
}

impl<J> From<Refused<J>> for Error {
    fn from(refused: Refused<J>) -> Self {
        refused.error
    }
}
