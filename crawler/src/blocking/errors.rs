//! Makes errors of async-fetch from those of the blocking client.

use std::error::Error as StdError;
use std::io;

use async_fetch::{Error, Phase, Timeouts, Url};
use ureq::Timeout;

use super::too_long;

/// The error of a request without an answer.
pub(super) fn sending(error: &ureq::Error, url: &Url, timeouts: &Timeouts) -> Error {
    if let Some(known) = known(error) {
        return known;
    }
    match error {
        ureq::Error::Timeout(Timeout::Connect | Timeout::Resolve) => Error::Timeout {
            phase: Phase::Connect,
            after: timeouts.connect,
        },
        ureq::Error::Timeout(Timeout::Global | Timeout::PerCall) => too_long(timeouts),
        ureq::Error::Timeout(_) => Error::Timeout {
            phase: Phase::FirstByte,
            after: timeouts.first_byte,
        },
        ureq::Error::HostNotFound => Error::Lookup {
            host: url.host_str().unwrap_or("").to_owned(),
            reason: "it has none".to_owned(),
        },
        ureq::Error::Protocol(reason) => Error::Protocol(reason.to_string()),
        ureq::Error::LargeResponseHeader(..) => Error::Protocol(error.to_string()),
        ureq::Error::Http(_) | ureq::Error::BadUri(_) => Error::Setup(error.to_string()),
        ureq::Error::Io(io) => match io.kind() {
            io::ErrorKind::UnexpectedEof
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionAborted
            | io::ErrorKind::BrokenPipe => Error::Closed,
            _ => Error::Connect(io.to_string()),
        },
        other => Error::Connect(other.to_string()),
    }
}

/// The error of an answer whose body failed.
pub(super) fn receiving(
    error: &io::Error,
    received: u64,
    announced: Option<u64>,
    coding: Option<&str>,
    timeouts: &Timeouts,
) -> Error {
    let cut = Error::Cut {
        received,
        announced,
    };
    let client = error.get_ref().and_then(|it| it.downcast_ref());
    match (client, coding) {
        (Some(ureq::Error::Timeout(Timeout::Global | Timeout::PerCall)), _) => too_long(timeouts),
        (Some(ureq::Error::Timeout(_)), _) => Error::Timeout {
            phase: Phase::Idle,
            after: timeouts.idle,
        },
        (Some(ureq::Error::Protocol(reason)), _) => Error::Protocol(reason.to_string()),
        (Some(_), _) => cut,
        // The error is the decoder's, not the client's.
        (None, Some(coding)) if error.kind() != io::ErrorKind::ConnectionReset => Error::Coding {
            coding: coding.to_owned(),
            reason: error.to_string(),
        },
        (None, _) => cut,
    }
}

/// The error that one of the causes stands for.
fn known(error: &ureq::Error) -> Option<Error> {
    // An error of the resolver.
    if let ureq::Error::Other(own) = error
        && let Some(own) = own.downcast_ref::<super::resolver::Refusal>()
    {
        return Some(own.to_error());
    }
    let first: &(dyn StdError + 'static) = match error {
        ureq::Error::Io(io) => io,
        ureq::Error::Rustls(error) => error,
        other => other,
    };
    std::iter::successors(Some(first), |cause| (*cause).source()).find_map(Error::of_cause)
}
