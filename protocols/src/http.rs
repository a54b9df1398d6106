//! Messages of HTTP/1.1 (RFC 9112): makes a request, and parses a response that arrives in pieces.

mod request;
mod response;

pub use request::{Request, tells_who_asks, without_userinfo};
pub use response::{Head, Parser, Piece};

use std::time::Duration;

use url::Url;

/// The limits of a fetch, with their defaults.
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
    /// How long a response's header may be, and each line between chunks, in bytes: 64 KiB.
    pub header: usize,
    /// How long a body may be, in bytes: 1 GiB.
    pub body: u64,
    /// How long to wait for the next byte: 30 s.
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

/// A response that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The URL that it came from, after all redirects.
    pub url: Url,
    /// The status. 200 is success, and so is everything below 300.
    pub status: u16,
    /// How many bytes the body has.
    pub length: u64,
}

/// An error of a message.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The message breaks the rules of HTTP.
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
    /// Too many redirects.
    #[error("over {0} redirects")]
    TooManyRedirects(usize),
    /// Any other error: see [`Error::other`].
    #[error(transparent)]
    Other(Box<dyn std::error::Error + Send + Sync>),
}

impl Error {
    /// Makes an error of your own.
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
