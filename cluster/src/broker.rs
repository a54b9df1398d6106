//! The address of the broker, and a connection that is made again after a loss.

use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use executors::Error;
use redis::{Connection, ConnectionLike, RedisError, RedisResult, Script, ServerErrorKind};

use crate::protocol::Names;

/// How long to wait before the second attempt to connect, doubled each time up to the longest.
const PAUSE: Duration = Duration::from_millis(20);
const LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// How long an answer may take: a third of the lease, within these bounds. A program that must stop may still wait
/// for an answer. It must end within a second, so the longest time is less than that.
const SHORTEST_WAIT: Duration = Duration::from_millis(200);
const LONGEST_WAIT: Duration = Duration::from_millis(700);

/// The address of a Redis server, with the user, the password and the certificates.
///
/// Its text form has no password.
///
/// # Examples
/// ```
/// use cluster::Broker;
///
/// let broker = Broker::at("redis://worker:secret@10.0.0.7:6380/2")?;
/// assert_eq!(broker.to_string(), "redis://10.0.0.7:6380/2");
/// assert!(Broker::at("http://10.0.0.7").is_err());
/// # Ok::<(), executors::Error>(())
/// ```
#[derive(Clone)]
pub struct Broker {
    client: Arc<redis::Client>,
    shown: String,
}

impl Broker {
    /// Reads `redis://[user:password@]host[:port][/database]`; `rediss://…` for TLS, with the feature
    /// `tls`; `redis+unix:///path` for a local socket. It does not connect yet.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another address.
    pub fn at(url: &str) -> Result<Self, Error> {
        #[cfg(feature = "tls")]
        choose_algorithms();
        let client = redis::Client::open(url).map_err(|error| refused(url, &error))?;
        Ok(Self {
            client: Arc::new(client),
            shown: without_secrets(url),
        })
    }

    /// As [`at`](Broker::at), for `rediss://…` with a another certificate authority: a file of PEM
    /// certificates.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for another address, and if the file can't be read.
    #[cfg(feature = "tls")]
    pub fn with_authority(url: &str, authority: &Path) -> Result<Self, Error> {
        let pem = std::fs::read(authority).map_err(|error| Error::Unsupported {
            what: format!("the certificate authority {}: {error}", authority.display()),
        })?;
        let certificates = redis::TlsCertificates {
            client_tls: None,
            root_cert: Some(pem),
        };
        choose_algorithms();
        let client = redis::Client::build_with_tls(url, certificates)
            .map_err(|error| refused(url, &error))?;
        Ok(Self {
            client: Arc::new(client),
            shown: without_secrets(url),
        })
    }

    /// As [`at`](Broker::at), for `rediss://…` with a another certificate authority.
    ///
    /// # Errors
    /// [`Error::Unsupported`]: this program is built without the feature `tls`.
    #[cfg(not(feature = "tls"))]
    pub fn with_authority(_url: &str, _authority: &Path) -> Result<Self, Error> {
        Err(Error::Unsupported {
            what: "TLS without the cargo feature `tls`".to_owned(),
        })
    }

    /// The error for a broker that does not answer, or refuses a request.
    pub(crate) fn disconnected(&self, message: impl Into<String>) -> Error {
        Error::Disconnected {
            from: self.shown.clone(),
            message: message.into(),
        }
    }
}

/// If several providers of algorithms are built, rustls chooses none by itself. A choice that the program has
/// already made stays.
#[cfg(feature = "tls")]
fn choose_algorithms() {
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

impl fmt::Display for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Broker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Broker").field(&self.shown).finish()
    }
}

/// The address without user, password and query (the part after `?`).
fn without_secrets(url: &str) -> String {
    let url = url.split(['?', '#']).next().unwrap_or_default();
    match url.split_once("://") {
        // A password may hold an `@`; a host can't.
        Some((scheme, rest)) => match rest.rsplit_once('@') {
            Some((_, host)) => format!("{scheme}://{host}"),
            None => format!("{scheme}://{rest}"),
        },
        None => "the broker".to_owned(),
    }
}

fn refused(url: &str, error: &RedisError) -> Error {
    let (url, error) = (without_secrets(url), text_of(error));
    Error::Unsupported {
        what: format!(
            "the broker address {url} ({error}; expected redis://[user:password@]host[:port])"
        ),
    }
}

/// The text of an error, without the name that the crate `redis` gives to its kind, and without quotes around the
/// server's text.
fn text_of(error: &RedisError) -> String {
    let text = error.to_string();
    let text = text.replace(&format!(" - {:?}", error.kind()), "");
    match error.code() {
        Some(code) => text.replace(&format!("{code:?}"), code),
        None => text,
    }
}

/// Whether a second attempt may succeed.
fn may_pass(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_connection_dropped()
        || error.is_timeout()
        // It can't write its file now: the disk is full, say.
        || error.code() == Some("MISCONF")
        || matches!(
            error.kind(),
            redis::ErrorKind::Parse
                | redis::ErrorKind::Server(
                    ServerErrorKind::BusyLoading
                        | ServerErrorKind::TryAgain
                        | ServerErrorKind::ClusterDown
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::ReadOnly
                )
        )
}

/// A connection that is made when it is needed, and again after it was lost.
pub(crate) struct Link {
    broker: Broker,
    names: Names,
    connection: Option<Connection>,
    /// How long an answer may take.
    patience: Duration,
    pause: Duration,
    /// The broker's number for this connection.
    id: Option<i64>,
    /// Set from outside: calls that fail are not tried again.
    given_up: Arc<AtomicBool>,
}

/// Why a call failed.
pub(crate) enum Failure {
    /// There is no connection at the moment.
    Down(String),
    /// The broker refused the request.
    Refused(String),
}

impl Link {
    /// For calls that the broker answers at once. Without an answer the connection is closed and the call is made
    /// again, so that no call hangs for long when a network is cut.
    pub(crate) fn for_calls(broker: Broker, names: Names, lease: Duration) -> Self {
        let patience = (lease / 3).clamp(SHORTEST_WAIT, LONGEST_WAIT);
        Self::new(broker, names, patience)
    }

    /// For reads that wait at the broker, for a sixth of the lease.
    pub(crate) fn for_waiting(broker: Broker, names: Names, lease: Duration) -> Self {
        Self::new(broker, names, (lease / 3).max(SHORTEST_WAIT))
    }

    fn new(broker: Broker, names: Names, patience: Duration) -> Self {
        Self {
            broker,
            names,
            connection: None,
            patience,
            pause: PAUSE,
            id: None,
            given_up: Arc::default(),
        }
    }

    /// A flag. If it is set, calls that fail are not tried again.
    pub(crate) fn given_up(&self) -> Arc<AtomicBool> {
        Arc::clone(&self.given_up)
    }

    /// Waits for answers only for a short time from now on, because the program ends.
    pub(crate) fn hurry(&mut self) {
        self.patience = SHORTEST_WAIT;
        // If that fails, the connection is lost, and the next call says so.
        let _ = self.connection.as_ref().map(|connection| {
            connection
                .set_read_timeout(Some(SHORTEST_WAIT))
                .and_then(|()| connection.set_write_timeout(Some(SHORTEST_WAIT)))
        });
    }

    /// Connects, if it is not connected. Returns the broker's number for this connection, with which another
    /// connection can wake it.
    pub(crate) fn ready(&mut self) -> Result<Option<i64>, Failure> {
        self.attempt(|_| Ok(()))?;
        Ok(self.id)
    }

    fn connected(&mut self) -> RedisResult<&mut Connection> {
        if self.connection.is_none() {
            let made = self
                .broker
                .client
                .get_connection_with_timeout(self.patience);
            let mut connection = made?;
            connection.set_read_timeout(Some(self.patience))?;
            connection.set_write_timeout(Some(self.patience))?;
            self.id = match redis::cmd("CLIENT").arg("ID").query(&mut connection) {
                Ok(id) => Some(id),
                // To a longer command the broker would answer that it breaks the protocol.
                Err(error) if error.code() == Some("NOAUTH") => return Err(error),
                // This user may not ask.
                Err(_) => None,
            };
            self.pause = PAUSE;
            self.connection = Some(connection);
        }
        // It has just been put there.
        self.connection
            .as_mut()
            .ok_or_else(|| std::io::Error::other("no connection").into())
    }

    /// One attempt. A connection that failed is dropped, with any late answer.
    pub(crate) fn attempt<T>(
        &mut self,
        mut call: impl FnMut(&mut dyn ConnectionLike) -> RedisResult<T>,
    ) -> Result<T, Failure> {
        let outcome = self.connected().and_then(|connection| call(connection));
        outcome.map_err(|error| {
            if may_pass(&error) {
                self.connection = None;
                Failure::Down(text_of(&error))
            } else {
                Failure::Refused(text_of(&error))
            }
        })
    }

    /// Tries again until a call succeeds or the limit has passed. The call must be safe to repeat: if its answer
    /// is lost, it is not known whether the broker has executed it.
    pub(crate) fn call<T>(
        &mut self,
        limit: Duration,
        mut call: impl FnMut(&mut dyn ConnectionLike) -> RedisResult<T>,
    ) -> Result<T, Error> {
        let start = Instant::now();
        loop {
            match self.attempt(&mut call) {
                Ok(value) => return Ok(value),
                Err(Failure::Refused(message)) => return Err(self.broker.disconnected(message)),
                Err(Failure::Down(message))
                    if start.elapsed() >= limit || self.given_up.load(Ordering::Relaxed) =>
                {
                    return Err(self.broker.disconnected(message));
                }
                Err(Failure::Down(_)) => self.rest(),
            }
        }
    }

    /// Waits before the next attempt, longer each time.
    pub(crate) fn rest(&mut self) {
        std::thread::sleep(self.pause);
        self.pause = (self.pause * 2).min(LONGEST_PAUSE);
    }

    /// Runs a script, with as many attempts as the limit allows.
    pub(crate) fn run<T: redis::FromRedisValue>(
        &mut self,
        limit: Duration,
        script: &Script,
        arguments: &[&[u8]],
    ) -> Result<T, Error> {
        let prefix = self.names.prefix().to_owned();
        self.call(limit, |connection| {
            invoke(script, &prefix, arguments, connection)
        })
    }

    /// Runs a script, in one attempt.
    pub(crate) fn try_run<T: redis::FromRedisValue>(
        &mut self,
        script: &Script,
        arguments: &[&[u8]],
    ) -> Result<T, Failure> {
        let prefix = self.names.prefix().to_owned();
        self.attempt(|connection| invoke(script, &prefix, arguments, connection))
    }
}

fn invoke<T: redis::FromRedisValue>(
    script: &Script,
    prefix: &str,
    arguments: &[&[u8]],
    connection: &mut dyn ConnectionLike,
) -> RedisResult<T> {
    let mut call = script.key(prefix);
    for argument in arguments {
        call.arg(*argument);
    }
    call.invoke(connection)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_secrets() {
        for (url, shown) in [
            ("redis://localhost", "redis://localhost"),
            ("redis://:p@ss@host:1/0", "redis://host:1/0"),
            ("rediss://user:secret@host/", "rediss://host/"),
            (
                "redis+unix:///run/redis.sock?pass=secret",
                "redis+unix:///run/redis.sock",
            ),
            ("user:secret@host", "the broker"),
        ] {
            assert_eq!(without_secrets(url), shown);
        }
    }

    #[test]
    fn a_wrong_address_is_an_error_without_the_password() {
        for url in [
            "http://user:secret@host",
            "secret",
            "redis://user:secret@host:port",
        ] {
            let error = Broker::at(url).expect_err(url).to_string();
            assert!(error.contains("expected redis://"), "{error}");
            assert!(!error.contains("secret"), "{error}");
            assert!(!error.contains("InvalidClientConfig"), "{error}");
        }
    }
}
