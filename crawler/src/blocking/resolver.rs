//! Looks names up, and returns only the addresses that the filter allows. The client connects to these very
//! addresses.

use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::RecvTimeoutError;
use std::time::{Duration, Instant};

use async_fetch::{Error, Filter};
use ureq::Timeout;
use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver as Resolve};
use ureq::unversioned::transport::NextTimeout;

use crate::crawl::Names;

/// Addresses of one name, at most: as many as the client takes.
const MOST: usize = 16;

/// How often a waiting thread checks whether the look-up is still wanted.
const LOOK: Duration = Duration::from_millis(50);

/// See the module.
pub(super) struct Resolver {
    pub(super) filter: Option<Filter>,
    pub(super) names: Arc<Names>,
    pub(super) patience: Duration,
    pub(super) stopped: Arc<AtomicBool>,
}

impl fmt::Debug for Resolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resolver").finish_non_exhaustive()
    }
}

/// The reason why there is no address.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the address {0} is not allowed")]
    NotAllowed(IpAddr),
    #[error("no address is known for {host}: {reason}")]
    NotFound { host: String, reason: String },
    #[error("too many open files: allow more (ulimit -n) or fetch less at once (--jobs)")]
    Descriptors,
}

impl Refusal {
    pub(super) fn to_error(&self) -> Error {
        match self {
            Refusal::NotAllowed(address) => Error::Address(*address),
            Refusal::NotFound { host, reason } => Error::Lookup {
                host: host.clone(),
                reason: reason.clone(),
            },
            Refusal::Descriptors => Error::Descriptors,
        }
    }

    fn of(host: &str, error: &io::Error) -> Refusal {
        match Error::of_cause(error) {
            Some(Error::Descriptors) => Refusal::Descriptors,
            _ => Refusal::NotFound {
                host: host.to_owned(),
                reason: error.to_string(),
            },
        }
    }
}

impl Resolve for Resolver {
    fn resolve(
        &self,
        uri: &Uri,
        _: &Config,
        _: NextTimeout,
    ) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let host = uri.host().unwrap_or("");
        let secure = uri.scheme_str() == Some("https");
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let bare = host.trim_start_matches('[').trim_end_matches(']');
        let all = match bare.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.look_up(host)?,
        };
        let first = all.first().copied();
        let allowed = |address: &IpAddr| self.filter.as_ref().is_none_or(|it| it(host, *address));
        let mut found = self.empty();
        for address in all.into_iter().filter(allowed).take(MOST) {
            found.push(SocketAddr::new(address, port));
        }
        match first {
            Some(first) if found.is_empty() => Err(refused(Refusal::NotAllowed(first))),
            None => Err(ureq::Error::HostNotFound),
            Some(_) => Ok(found),
        }
    }
}

impl Resolver {
    /// Waits for the addresses of a name, but not for ever.
    fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, ureq::Error> {
        let found = self.names.receive(host);
        let end = Instant::now() + self.patience;
        loop {
            match found.recv_timeout(LOOK) {
                Ok(found) => return found.map_err(|error| refused(Refusal::of(host, &error))),
                Err(RecvTimeoutError::Disconnected) => return Err(ureq::Error::HostNotFound),
                Err(RecvTimeoutError::Timeout)
                    if Instant::now() >= end || self.stopped.load(Ordering::Relaxed) =>
                {
                    return Err(ureq::Error::Timeout(Timeout::Resolve));
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn refused(refusal: Refusal) -> ureq::Error {
    ureq::Error::Other(Box::new(refusal))
}
