//! Makes errors of this library from those of the HTTP client.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use super::{Error, Phase};
use crate::address::{NotAllowed, NotFound};

impl Error {
    /// The error of a request without an answer. `proxy` is the proxy that the request goes through.
    pub(crate) fn sending(
        error: &reqwest::Error,
        host: &str,
        proxy: Option<String>,
        connect: Duration,
    ) -> Error {
        let error = Error::sending_directly(error, host, connect);
        let Some(proxy) = proxy else {
            return error;
        };
        match error {
            // Before there is a connection, the only peer is the proxy.
            Error::Refused => Error::Proxy {
                proxy,
                reason: "connection refused: nobody listens there".to_owned(),
            },
            Error::Lookup { reason, .. } | Error::Connect(reason) => Error::Proxy { proxy, reason },
            other => other,
        }
    }

    fn sending_directly(error: &reqwest::Error, host: &str, connect: Duration) -> Error {
        for cause in causes(error) {
            if let Some(refused) = cause.downcast_ref::<NotAllowed>() {
                return Error::Address(refused.0);
            }
            if let Some(unknown) = cause.downcast_ref::<NotFound>() {
                return Error::Lookup {
                    host: host.to_owned(),
                    reason: unknown.0.clone(),
                };
            }
            if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
                && hyper.is_parse()
            {
                return Error::Protocol(hyper.to_string());
            }
            if let Some(error) = Error::of_cause(cause) {
                return error;
            }
        }
        if error.is_builder() {
            return Error::Setup(last(error));
        }
        if error.is_connect() {
            if error.is_timeout() {
                return Error::Timeout {
                    phase: Phase::Connect,
                    after: connect,
                };
            }
            return Error::Connect(last(error));
        }
        Error::Closed
    }

    /// The error that one of the causes of another client's error stands for: a refused connection, too few
    /// descriptors, or a failed TLS handshake.
    pub fn of_cause(cause: &(dyn StdError + 'static)) -> Option<Error> {
        #[cfg(feature = "tls")]
        if let Some(words) = super::tls::words(cause) {
            return Some(Error::Tls(words));
        }
        let io = cause.downcast_ref::<io::Error>().map(innermost)?;
        match io.kind() {
            io::ErrorKind::ConnectionRefused => Some(Error::Refused),
            _ if is_out_of_descriptors(io) => Some(Error::Descriptors),
            _ => None,
        }
    }

    /// The error of an answer whose body failed.
    pub(crate) fn receiving(
        error: &reqwest::Error,
        received: u64,
        announced: Option<u64>,
    ) -> Error {
        for cause in causes(error) {
            if let Some(hyper) = cause.downcast_ref::<hyper::Error>()
                && hyper.is_parse()
            {
                return Error::Protocol(hyper.to_string());
            }
            if let Some(io) = cause.downcast_ref::<io::Error>()
                && io.kind() == io::ErrorKind::InvalidInput
            {
                return Error::Protocol(io.to_string());
            }
        }
        Error::Cut {
            received,
            announced,
        }
    }
}

/// Whether the server says that it has not processed the request (RFC 9113, sections 6.8 and 8.7). Then
/// it may be sent again, whatever its method.
pub(crate) fn is_unprocessed(error: &reqwest::Error) -> bool {
    causes(error)
        .filter_map(|cause| cause.downcast_ref::<h2::Error>())
        .any(|error| {
            let reason = error.reason();
            error.is_remote()
                && (error.is_go_away() && reason == Some(h2::Reason::NO_ERROR)
                    || error.is_reset() && reason == Some(h2::Reason::REFUSED_STREAM))
        })
}

/// The error of the system that another one wraps. (It is not among the sources.)
fn innermost(mut error: &io::Error) -> &io::Error {
    while let Some(wrapped) = error.get_ref().and_then(|it| it.downcast_ref()) {
        error = wrapped;
    }
    error
}

/// EMFILE and ENFILE, which have no kind of their own.
fn is_out_of_descriptors(error: &io::Error) -> bool {
    cfg!(unix) && matches!(error.raw_os_error(), Some(23 | 24))
}

fn causes(error: &reqwest::Error) -> impl Iterator<Item = &(dyn StdError + 'static)> {
    let first: &(dyn StdError + 'static) = error;
    std::iter::successors(Some(first), |error| (*error).source())
}

fn last(error: &reqwest::Error) -> String {
    causes(error)
        .last()
        .map_or_else(String::new, ToString::to_string)
}
