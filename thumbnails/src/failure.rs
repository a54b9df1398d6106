//! Why there is no thumbnail.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::picture::Format;

/// Why a picture has no thumbnail. It can be sent between processes; the picture's name is with
/// whoever asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
pub enum Failure {
    /// The file can't be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The thumbnail can't be written; the text names it.
    #[error("its thumbnail cannot be written: {0}")]
    Unwritable(String),
    /// Neither the thumbnail can be written nor any other; the text names it.
    #[error("its thumbnail cannot be written: {0}")]
    NoneWritable(String),
    /// None of the formats that are known here.
    #[error("not a picture known here ({start}): JPEG, PNG, GIF, WebP, TIFF and BMP are")]
    Unknown {
        /// What the file starts with.
        start: String,
    },
    /// Over a limit; found in the header, before anything was decoded.
    #[error("{what} is {size}, more than the {limit} allowed: {flag} allows more")]
    OverLimit {
        /// What is too large.
        what: String,
        /// How large.
        size: u64,
        /// How large it may be.
        limit: u64,
        /// What to set.
        flag: String,
    },
    /// Not what its format says.
    #[error("a broken {format}: {reason}")]
    Broken {
        /// What it starts like.
        format: Format,
        /// What is wrong.
        reason: String,
    },
    /// A kind of picture that is not decoded here.
    #[error("{what} is not supported")]
    Unsupported {
        /// What it is.
        what: String,
    },
    /// Other pictures have the memory that decoding it takes.
    #[error("the {bytes} bytes to decode it are not free")]
    NoRoom {
        /// How many it takes.
        bytes: u64,
    },
    /// Took longer than a picture may.
    #[error("took longer than the {}s allowed: --max-time allows more", limit.as_secs_f64())]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// The decoder panicked.
    #[error("its decoder crashed: {0}")]
    Crashed(String),
    /// The worker process died, and so did the one that tried again.
    #[error("its decoder took a worker process down, twice: {0}")]
    Died(String),
    /// The pool has no workers left, or was stopped.
    #[error("not tried: {0}")]
    NotTried(String),
}

impl Failure {
    /// Why something could not be written; `text` names it.
    pub fn of_writing(error: &Error, text: String) -> Failure {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                Failure::NoneWritable(text)
            }
            _ => Failure::Unwritable(text),
        }
    }
}
