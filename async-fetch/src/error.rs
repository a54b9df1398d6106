//! The errors of a fetch. Each message is printed after the URL and a colon.

pub(crate) mod client;
#[cfg(feature = "tls")]
mod tls;

use std::fmt;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::checksum::Checksum;

/// The reason why there is no answer, or only a part of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The text is not a URL.
    #[error("not a URL: {0}: it should begin with http:// or https://")]
    Url(#[from] url::ParseError),
    /// The URL's scheme is neither http nor https.
    #[error("{0}: is not fetched: only http and https are")]
    Scheme(String),
    /// The URL's scheme is https, and this program was built without TLS.
    #[error("https was left out of this program: build it with --features tls")]
    NoTls,
    /// The filter refuses the address.
    #[error("the address {0} is not allowed: it is not a public one")]
    Address(IpAddr),
    /// The name was not found, or has no address.
    #[error("no address is known for {host}: {reason}")]
    Lookup {
        /// The name.
        host: String,
        /// The system's error.
        reason: String,
    },
    /// No program listens there.
    #[error("connection refused: nobody listens there")]
    Refused,
    /// The proxy refuses, can't be reached, or wants a password.
    #[error("the proxy {proxy}: {reason}")]
    Proxy {
        /// The proxy, without its password.
        proxy: String,
        /// What happened.
        reason: String,
    },
    /// The connection failed for another reason.
    #[error("no connection: {0}")]
    Connect(String),
    /// The TLS handshake failed, mostly because of the certificate.
    #[error("no secure connection: {0}")]
    Tls(String),
    /// This process has too many files and connections open.
    #[error("too many open files: allow more (ulimit -n) or fetch less at once (--jobs)")]
    Descriptors,
    /// A time-out.
    #[error("{phase} took longer than {after:?}")]
    Timeout {
        /// The phase that took too long.
        phase: Phase,
        /// The limit.
        after: Duration,
    },
    /// The connection was closed before an answer.
    #[error("the connection was closed before there was an answer")]
    Closed,
    /// The connection was closed within the body.
    #[error("the body was cut short after {received} bytes{}", of(.announced))]
    Cut {
        /// Bytes that came.
        received: u64,
        /// The announced length, if there was one.
        announced: Option<u64>,
    },
    /// The answer is not HTTP.
    #[error("the answer is not HTTP: {0}")]
    Protocol(String),
    /// The answer is a part of the body, but not the part that was requested.
    #[error("the server sent another part than was asked for: {0}")]
    Range(String),
    /// A file exists already, and this program did not save it from this URL.
    #[error("{}: is there, and was not saved from this URL by this program: \
             --overwrite replaces it, --continue goes on with it", .0.display())]
    Exists(PathBuf),
    /// The body came too slowly.
    #[error("less than {least} bytes a second for {during:?}")]
    TooSlow {
        /// The lowest speed.
        least: u64,
        /// How long the body was slower.
        during: Duration,
    },
    /// The body is longer than is allowed.
    #[error("the body is longer than {limit} bytes, which is the limit")]
    BodyTooLarge {
        /// The limit.
        limit: u64,
    },
    /// The decompressed body is too large for what was sent.
    #[error(
        "the body is more than {ratio} times as long as what was sent: it is a decompression bomb"
    )]
    Bomb {
        /// The limit.
        ratio: u64,
    },
    /// The body can't be decompressed.
    #[error("the body is not {coding}: {reason}")]
    Coding {
        /// The coding.
        coding: String,
        /// The reason.
        reason: String,
    },
    /// There were too many redirects.
    #[error("more than {limit} redirects")]
    TooManyRedirects {
        /// The limit.
        limit: usize,
    },
    /// The redirects form a loop.
    #[error("the redirects form a loop, back to {0}")]
    RedirectLoop(String),
    /// The target of a redirect is not a URL.
    #[error("the target of a redirect is not a URL: {0:?}")]
    Location(String),
    /// A file can't be written, or read.
    #[error("{}: {source}", path.display())]
    File {
        /// Its path.
        path: PathBuf,
        /// The system's error.
        source: io::Error,
    },
    /// The body has a wrong checksum.
    #[error("the checksum is {found}, not {expected}")]
    Checksum {
        /// The expected checksum.
        expected: Checksum,
        /// The checksum of the body.
        found: Checksum,
    },
    /// A setting can't be used: a proxy, or a header.
    #[error("{0}")]
    Setup(String),
}

/// The phase of a request that took too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Connecting.
    Connect,
    /// The header of the answer.
    FirstByte,
    /// The next part of the body.
    Idle,
    /// The whole request.
    Total,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Phase::Connect => "connecting",
            Phase::FirstByte => "the answer's header",
            Phase::Idle => "the next part of the body",
            Phase::Total => "all of it",
        })
    }
}

fn of(announced: &Option<u64>) -> String {
    announced.map_or_else(String::new, |all| format!(" of {all}"))
}

impl Error {
    pub(crate) fn file(path: impl Into<PathBuf>) -> impl FnOnce(io::Error) -> Error {
        let path = path.into();
        move |source| Error::File { path, source }
    }

    /// Whether another attempt could succeed. (Whether another attempt is allowed depends on the method, too:
    /// only requests that change nothing at the server are repeated.)
    pub fn is_transient(&self) -> bool {
        match self {
            Error::Connect(_) | Error::Closed | Error::Cut { .. } | Error::TooSlow { .. } => true,
            Error::Timeout { phase, .. } => *phase != Phase::Total,
            _ => false,
        }
    }

    /// A word for the kind of error, for programs. It stays the same when the message changes.
    pub fn kind(&self) -> &'static str {
        match self {
            Error::Url(_) => "url",
            Error::Scheme(_) => "scheme",
            Error::NoTls => "no-tls",
            Error::Address(_) => "address",
            Error::Lookup { .. } => "lookup",
            Error::Refused => "refused",
            Error::Proxy { .. } => "proxy",
            Error::Connect(_) => "connect",
            Error::Tls(_) => "tls",
            Error::Descriptors => "descriptors",
            Error::Timeout { .. } => "timeout",
            Error::Closed => "closed",
            Error::Cut { .. } => "cut",
            Error::Protocol(_) => "protocol",
            Error::Range(_) => "range",
            Error::Exists(_) => "exists",
            Error::TooSlow { .. } => "too-slow",
            Error::BodyTooLarge { .. } => "body-too-large",
            Error::Bomb { .. } => "bomb",
            Error::Coding { .. } => "coding",
            Error::TooManyRedirects { .. } => "too-many-redirects",
            Error::RedirectLoop(_) => "redirect-loop",
            Error::Location(_) => "location",
            Error::File { .. } => "file",
            Error::Checksum { .. } => "checksum",
            Error::Setup(_) => "setup",
        }
    }
}
