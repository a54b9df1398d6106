//! The errors of a thumbnail.

use std::io::{Error, ErrorKind};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::picture::Format;

/// The reason why a picture has no thumbnail. It can be sent between processes. It does not contain
/// the picture's name, which the caller knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error, Serialize, Deserialize)]
#[non_exhaustive]
pub enum Failure {
    /// The file can't be read.
    #[error("cannot be read: {0}")]
    Unreadable(String),
    /// The thumbnail can't be written. The text names it.
    #[error("its thumbnail cannot be written: {0}")]
    Unwritable(String),
    /// Neither this thumbnail nor any other can be written. The text names it.
    #[error("its thumbnail cannot be written: {0}")]
    NoneWritable(String),
    /// The file has no known format.
    #[error("not a known picture format ({start}): known are JPEG, PNG, GIF, WebP, TIFF and BMP")]
    Unknown {
        /// The first bytes of the file.
        start: String,
    },
    /// The picture is over a limit. This is found in the header, before anything is decoded.
    #[error("{what} is {size}, more than the {limit} allowed: {flag} allows more")]
    OverLimit {
        /// The quantity that is too large.
        what: String,
        /// Its value.
        size: u64,
        /// The limit.
        limit: u64,
        /// The flag that changes the limit.
        flag: String,
    },
    /// The file does not follow its format.
    #[error("a broken {format}: {reason}")]
    Broken {
        /// The format.
        format: Format,
        /// The error.
        reason: String,
    },
    /// This kind of picture is not supported.
    #[error("{what} is not supported")]
    Unsupported {
        /// The kind.
        what: String,
    },
    /// The memory for decoding it is in use by other pictures.
    #[error("the {bytes} bytes needed to decode it are not free")]
    NoRoom {
        /// The bytes that it needs.
        bytes: u64,
    },
    /// The time limit was exceeded.
    #[error("took longer than the {}s allowed: --max-time allows more", limit.as_secs_f64())]
    TooSlow {
        /// The limit.
        limit: Duration,
    },
    /// The decoder panicked.
    #[error("its decoder crashed: {0}")]
    Crashed(String),
    /// The worker process died, and so did that of the second attempt.
    #[error("its decoder ended a worker process, twice: {0}")]
    Died(String),
    /// The pool has no workers left, or was stopped.
    #[error("not tried: {0}")]
    NotTried(String),
}

impl Failure {
    /// The failure for an error of writing. `text` names the file.
    pub fn of_writing(error: &Error, text: String) -> Failure {
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::ReadOnlyFilesystem => {
                Failure::NoneWritable(text)
            }
            _ => Failure::Unwritable(text),
        }
    }
}
