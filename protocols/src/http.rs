//! Messages of HTTP/1.1 (RFC 9112): a request to send, and a response, cut anywhere, taken apart.

mod request;
mod response;

pub use request::{Request, tells_who_asks, without_userinfo};
pub use response::{Head, Parser, Piece};

use std::time::Duration;

use url::Url;

/// The limits of a fetch.
///
/// # Examples
///
/// ```
/// let limits = protocols::http::Limits { redirects: 0, ..Default::default() };
/// assert_eq!(limits.header, 64 * 1024);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many redirects are followed: 10.
    pub redirects: usize,
    /// How long a response's header may be, in bytes, and the lines between chunks: 64 KiB.
    pub header: usize,
    /// How long a body may be, in bytes: 1 GiB.
    pub body: u64,
    /// How long nothing may come: 30 s.
    pub idle: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            redirects: 10,
            header: 64 * 1024,
            body: 1 << 30,
            idle: Duration::from_secs(30),
        }
    }
}

/// What was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// From where, in the end.
    pub url: Url,
    /// The status: 200 is good, and so is everything below 300.
    pub status: u16,
    /// How many bytes the body has.
    pub length: u64,
}

/// What is wrong with a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// It breaks the rules of HTTP.
    #[error("{0}")]
    Malformed(&'static str),
    /// Something is longer than the limit for it.
    #[error("its {what} is over {limit} bytes")]
    TooLong {
        /// `header` or `body`.
        what: &'static str,
        /// The limit.
        limit: u64,
    },
    /// One redirect leads to the next, and so on.
    #[error("over {0} redirects")]
    TooManyRedirects(usize),
    /// Whatever else: see [`Error::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// An error of your own.
    ///
    /// # Examples
    ///
    /// ```
    /// let error = protocols::http::Error::other("the disk is full");
    /// assert_eq!(error.to_string(), "the disk is full");
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Other(error.into())
    }
}
