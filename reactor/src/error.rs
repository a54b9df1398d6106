//! What can go wrong, and why a connection ended.

use std::any::Any;
use std::io;
use std::time::Duration;

/// Why a deferred failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// [`Deferred::cancel`](crate::Deferred::cancel) was called.
    #[error("cancelled")]
    Cancelled,
    /// It took too long.
    #[error("no result within {0:?}")]
    TimedOut(Duration),
    /// All its resolvers are gone, and none has fired it.
    #[error("nobody is left who could fire this deferred")]
    Abandoned,
    /// A callback returned a deferred that waits for this very callback.
    #[error("a callback returned a deferred of its own chain: it would wait for itself")]
    OwnChain,
    /// A callback or a task panicked.
    #[error("panicked: {0}")]
    Panicked(String),
    /// A queue that has a limit is full.
    #[error("{what}: full, {limit} are waiting")]
    Full {
        /// Which queue.
        what: &'static str,
        /// How many it takes.
        limit: usize,
    },
    /// The reactor is gone.
    #[error("the reactor is gone")]
    ReactorGone,
    /// The connection ended before there was a result.
    #[error("the connection was lost: {0}")]
    ConnectionLost(#[from] Reason),
    /// The connection was not made secure.
    #[cfg(feature = "tls")]
    #[error("no secure connection: {0}")]
    Handshake(Reason),
    /// The system said no.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A message of HTTP is not as it should be.
    #[cfg(feature = "fetch")]
    #[error(transparent)]
    Http(#[from] protocols::http::Error),
    /// A job on another thread failed.
    #[cfg(feature = "threads")]
    #[error(transparent)]
    Job(#[from] executors::Error),
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
    /// assert_eq!(reactor::Error::other("no such user").to_string(), "no such user");
    /// ```
    pub fn other(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Error {
        Error::Other(error.into())
    }

    pub(crate) fn panicked(panic: &(dyn Any + Send)) -> Error {
        Error::Panicked(panic_message(panic).to_owned())
    }
}

/// Why a connection ended.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// We closed it, and all that was written has been sent.
    #[error("closed")]
    Closed,
    /// The other end has closed it.
    #[error("closed by the other end")]
    EndOfStream,
    /// We cut it off.
    #[error("aborted")]
    Aborted,
    /// Nothing was received or sent for so long.
    #[error("idle for {0:?}")]
    Idle(Duration),
    /// What was written could not be sent for so long: the other end does not read.
    #[error("the other end read nothing for {0:?}")]
    Stalled(Duration),
    /// The protocol wrote on and on although its transport had asked it to pause.
    #[error("over {limit} bytes more were written than the other end takes")]
    Overflow {
        /// The transport's write limit.
        limit: usize,
    },
    /// The other end sent more than a limit of the protocol allows.
    #[error("{what} of over {limit} bytes")]
    TooLong {
        /// What was too long.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The protocol panicked.
    #[error("the protocol panicked")]
    Panicked,
    /// The reactor is gone, and its connections with it.
    #[error("the reactor is gone")]
    ReactorGone,
    /// What TLS says.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// The system said so.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for Reason {
    fn from(error: io::Error) -> Self {
        #[cfg(feature = "tls")]
        let error = match error.downcast() {
            Ok(error) => return Reason::Tls(error),
            Err(error) => error,
        };
        Reason::Io(error)
    }
}

impl Reason {
    /// The same once more: an error of the system has no copies.
    #[cfg(any(feature = "fetch", feature = "tls"))]
    pub(crate) fn copy(&self) -> Reason {
        match self {
            Reason::Closed => Reason::Closed,
            Reason::EndOfStream => Reason::EndOfStream,
            Reason::Aborted => Reason::Aborted,
            Reason::Idle(limit) => Reason::Idle(*limit),
            Reason::Stalled(limit) => Reason::Stalled(*limit),
            &Reason::Overflow { limit } => Reason::Overflow { limit },
            &Reason::TooLong { what, limit } => Reason::TooLong { what, limit },
            Reason::Panicked => Reason::Panicked,
            Reason::ReactorGone => Reason::ReactorGone,
            #[cfg(feature = "tls")]
            Reason::Tls(error) => Reason::Tls(error.clone()),
            Reason::Io(error) => Reason::Io(match error.raw_os_error() {
                Some(number) => io::Error::from_raw_os_error(number),
                None => io::Error::new(error.kind(), error.to_string()),
            }),
        }
    }

    /// Whether the connection was cut, and did not come to its end in good order.
    pub fn is_cut(&self) -> bool {
        !matches!(
            self,
            Reason::Closed | Reason::EndOfStream | Reason::ReactorGone
        )
    }
}

/// What a panic said.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
