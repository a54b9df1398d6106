//! Errors, and the reasons why a connection ended.

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
    /// It timed out.
    #[error("no result within {0:?}")]
    TimedOut(Duration),
    /// All its resolvers were dropped, and none has fired it.
    #[error("every resolver of this deferred was dropped unfired")]
    Abandoned,
    /// A callback returned a deferred that waits for this same callback.
    #[error("a callback returned a deferred of its own chain: it would wait for itself")]
    OwnChain,
    /// A callback or a task panicked.
    #[error("panicked: {0}")]
    Panicked(String),
    /// A bounded queue is full.
    #[error("{what}: full, {limit} are waiting")]
    Full {
        /// The name of the queue.
        what: &'static str,
        /// How many entries it holds.
        limit: usize,
    },
    /// The reactor was dropped.
    #[error("the reactor is gone")]
    ReactorGone,
    /// The connection ended before there was a result.
    #[error("the connection was lost: {0}")]
    ConnectionLost(#[from] Reason),
    /// The secure connection was not made.
    #[cfg(feature = "tls")]
    #[error("no secure connection: {0}")]
    Handshake(Reason),
    /// An error of the system.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// An HTTP message is invalid.
    #[cfg(feature = "fetch")]
    #[error(transparent)]
    Http(#[from] protocols::http::Error),
    /// A job on another thread failed.
    #[cfg(feature = "threads")]
    #[error(transparent)]
    Job(#[from] executors::Error),
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
    /// This end closed it, and everything that was written has been sent.
    #[error("closed")]
    Closed,
    /// The other end has closed it.
    #[error("closed by the other end")]
    EndOfStream,
    /// This end cut it.
    #[error("aborted")]
    Aborted,
    /// Nothing was received or sent for this long.
    #[error("idle for {0:?}")]
    Idle(Duration),
    /// The other end read nothing for this long, while bytes waited to be sent.
    #[error("the other end read nothing for {0:?}")]
    Stalled(Duration),
    /// The protocol went on writing although its transport had asked it to pause.
    #[error("over {limit} bytes were written while the transport was paused")]
    Overflow {
        /// The transport's write limit.
        limit: usize,
    },
    /// The other end sent more than a limit of the protocol allows.
    #[error("{what} of over {limit} bytes")]
    TooLong {
        /// The thing that was too long: a line or a message.
        what: &'static str,
        /// The limit.
        limit: usize,
    },
    /// The protocol panicked.
    #[error("the protocol panicked")]
    Panicked,
    /// The reactor was dropped, and its connections with it.
    #[error("the reactor is gone")]
    ReactorGone,
    /// An error of TLS.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// An error of the system.
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
    /// A copy. An error of the system cannot be cloned, so it is made again.
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

    /// Whether the connection was cut, and did not end in good order.
    pub fn is_cut(&self) -> bool {
        !matches!(
            self,
            Reason::Closed | Reason::EndOfStream | Reason::ReactorGone
        )
    }
}

/// The message of a panic.
pub(crate) fn panic_message(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("(no message)")
}
