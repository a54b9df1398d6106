//! TLS 1.2 and 1.3, by rustls, over every transport: TCP, Unix sockets and connections in memory.
//!
//! [`Reactor::listen_tls`] and [`Reactor::connect_tls`] work like `listen_tcp` and `connect_tcp`. A
//! protocol sees no difference:
//!
//! - `connection_made` is called when the handshake is done, and never if it fails. A handshake
//!   that takes longer than [its time-out](HANDSHAKE_TIMEOUT) fails.
//! - The other end's *close_notify* marks the end of its data. A connection that ends without one
//!   may have been cut by an attacker: it is lost with [`Error::Truncated`], and `end_received` is
//!   not called.
//! - [`close`](crate::Transport::close) sends *close_notify* after everything that was written.
//!   Then it waits for the other end to close, for a second at most. The other end may send more in
//!   the meantime, such as the tickets of TLS 1.3. Without waiting, the system would answer these
//!   with a reset, and the other end might lose the last data.
//! - [`close_write`](crate::Transport::close_write) sends *close_notify* and goes on reading. The other
//!   end may still send, if it speaks TLS 1.3.
//! - [`abort`](crate::Transport::abort) sends no *close_notify*, and resets the connection.
//!
//! There is no STARTTLS: a connection uses TLS from its first byte, or not at all.
//!
//! # Examples
//!
//! ```
//! use reactor::{LineHandler, LineReceiver, Reactor, Transport, echo::Echo, tls};
//!
//! struct Ask(Reactor);
//!
//! impl LineHandler for Ask {
//!     fn connection_made(&mut self, transport: &Transport) {
//!         transport.write(b"hello\n");
//!     }
//!
//!     fn line_received(&mut self, _: &Transport, line: &[u8]) {
//!         assert_eq!(line, b"hello");
//!         self.0.stop();
//!     }
//! }
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // A self-signed certificate, for this example.
//! let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
//! let (certificate, key) = (made.cert.pem(), made.signing_key.serialize_pem());
//! let server = tls::Server::from_pem(certificate.as_bytes(), key.as_bytes())?;
//! let client = tls::Client::trusting(certificate.as_bytes())?;
//!
//! let reactor = Reactor::new()?;
//! let port = reactor.listen_tls(([127, 0, 0, 1], 0).into(), &server, || Echo)?;
//! let ask = LineReceiver::new(Ask(reactor.clone()));
//! reactor.connect_tls(port.local_addr()?, "localhost", &client, ask).detach();
//! reactor.run()?;
//! # Ok(()) }
//! ```

mod session;
mod words;

use std::io;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use event_loop::net::TcpStream;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

use crate::listener::{Listener, Socket};
use crate::stream::Stream;
use crate::{Deferred, Factory, ListenOptions, Peer, Port, Protocol, Reactor, Transport};

pub use rustls;
pub use words::Error;

pub use session::Session;
pub(crate) use session::{Handshake, Shaken, Tls};

/// How long a handshake may take by default. It needs two round trips and some milliseconds of
/// computing. A client that takes longer only occupies a descriptor.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);

/// The server's side of TLS: its certificate and key. Clones share them.
#[derive(Clone, Debug)]
pub struct Server {
    config: Arc<ServerConfig>,
    handshake_timeout: Duration,
}

impl Server {
    /// A server with a configuration of rustls: for client certificates, names, protocols (ALPN).
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Arc;
    ///
    /// use reactor::tls::{self, rustls};
    ///
    /// # fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let made = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
    /// # let chain = vec![made.cert.der().clone()];
    /// # let key = rustls::pki_types::PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()).into();
    /// let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    /// let mut config = rustls::ServerConfig::builder_with_provider(provider)
    ///     .with_safe_default_protocol_versions()?
    ///     .with_no_client_auth()
    ///     .with_single_cert(chain, key)?;
    /// config.alpn_protocols = vec![b"irc".to_vec()];
    /// let server = tls::Server::new(Arc::new(config));
    /// # let _ = server; Ok(()) }
    /// ```
    pub fn new(config: Arc<ServerConfig>) -> Server {
        Server {
            config,
            handshake_timeout: HANDSHAKE_TIMEOUT,
        }
    }

    /// A server from the text of its certificate file, the server's own certificate first, and of
    /// its key file, both PEM. See [the module](self) for an example.
    ///
    /// # Errors
    ///
    /// When one of them cannot be read, or the key does not belong to the certificate.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Server, Error> {
        let chain = certificates(chain)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|error| Error::key(&error))?;
        let config = ServerConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(chain, key)?;
        Ok(Server::new(Arc::new(config)))
    }

    /// Sets the [time-out](HANDSHAKE_TIMEOUT) of the handshake.
    ///
    /// # Examples
    ///
    /// ```
    /// # fn patient(server: reactor::tls::Server) -> reactor::tls::Server {
    /// server.handshake_timeout(std::time::Duration::from_secs(30))
    /// # }
    /// ```
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Server {
        self.handshake_timeout = limit;
        self
    }

    /// This end of one connection, for [`testing::connect_tls`](crate::testing::connect_tls).
    ///
    /// # Errors
    ///
    /// When the configuration does not allow a connection.
    pub fn session(&self) -> Result<Session, Error> {
        let connection = ServerConnection::new(Arc::clone(&self.config))?;
        Ok(Session::new(connection.into(), self.handshake_timeout))
    }
}

/// The client's side of TLS: which authorities it trusts. Clones share them.
#[derive(Clone, Debug)]
pub struct Client {
    config: Arc<ClientConfig>,
    handshake_timeout: Duration,
}

impl Client {
    /// A client with a configuration of rustls: trusted authorities, and a certificate of its own.
    pub fn new(config: Arc<ClientConfig>) -> Client {
        Client {
            config,
            handshake_timeout: HANDSHAKE_TIMEOUT,
        }
    }

    /// A client that trusts only the authorities in this PEM text. See [the module](self) for an
    /// example.
    ///
    /// # Errors
    ///
    /// When the text has no certificate, or one that is not an authority's.
    pub fn trusting(authorities: &[u8]) -> Result<Client, Error> {
        let mut roots = RootCertStore::empty();
        for authority in certificates(authorities)? {
            roots.add(authority)?;
        }
        let config = ClientConfig::builder_with_provider(provider())
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Client::new(Arc::new(config)))
    }

    /// Sets the [time-out](HANDSHAKE_TIMEOUT) of the handshake.
    #[must_use]
    pub fn handshake_timeout(mut self, limit: Duration) -> Client {
        self.handshake_timeout = limit;
        self
    }

    /// This end of one connection, for [`testing::connect_tls`](crate::testing::connect_tls). The
    /// server's certificate must be for `name`, a domain name or an IP address.
    ///
    /// # Errors
    ///
    /// When `name` is not valid.
    pub fn session(&self, name: &str) -> Result<Session, Error> {
        let server =
            ServerName::try_from(name.to_owned()).map_err(|_| Error::Name(name.to_owned()))?;
        let connection = ClientConnection::new(Arc::clone(&self.config), server)?;
        Ok(Session::new(connection.into(), self.handshake_timeout))
    }
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

fn certificates(text: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match certificates {
        Ok(certificates) if certificates.is_empty() => Err(Error::NoCertificate),
        Ok(certificates) => Ok(certificates),
        Err(error) => Err(Error::certificates(&error)),
    }
}

impl Reactor {
    /// [`listen_tcp`](Reactor::listen_tcp), with TLS: see [the module](self).
    ///
    /// # Errors
    ///
    /// As for [`listen_tcp`](Reactor::listen_tcp).
    pub fn listen_tls(
        &self,
        address: SocketAddr,
        server: &Server,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        self.listen_tls_with(address, ListenOptions::default(), server, factory)
    }

    /// [`listen_tls`](Reactor::listen_tls), with other limits.
    ///
    /// # Errors
    ///
    /// As for [`listen_tls`](Reactor::listen_tls).
    pub fn listen_tls_with(
        &self,
        address: SocketAddr,
        options: ListenOptions,
        server: &Server,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        let socket = Socket::tcp(address, options)?;
        let port = Listener::open(&self.inner, socket, Box::new(factory), options)?;
        port.listener.secure(server.clone());
        Ok(port)
    }

    /// [`listen_unix`](Reactor::listen_unix), with TLS.
    ///
    /// # Errors
    ///
    /// As for [`listen_unix`](Reactor::listen_unix).
    pub fn listen_unix_tls(
        &self,
        path: &Path,
        server: &Server,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        let port = self.listen_unix(path, factory)?;
        port.listener.secure(server.clone());
        Ok(port)
    }

    /// [`connect_tcp`](Reactor::connect_tcp), with TLS. The server's certificate must be for
    /// `name`: see [the module](self). The deferred fires with the transport when the handshake is
    /// done.
    #[track_caller]
    pub fn connect_tls(
        &self,
        address: SocketAddr,
        name: &str,
        client: &Client,
        protocol: impl Protocol + 'static,
    ) -> Deferred<Transport> {
        match client.session(name) {
            Ok(session) => {
                let stream = TcpStream::connect(address).map(Stream::Tcp);
                let stream = stream.map(|stream| session.over(stream));
                self.connect(stream, Peer::Tcp(address), Box::new(protocol))
            }
            Err(error) => Deferred::done(Err(crate::Error::Handshake(error.into()))),
        }
    }

    /// [`connect_unix`](Reactor::connect_unix), with TLS. The server's certificate must be for
    /// `name`.
    #[track_caller]
    pub fn connect_unix_tls(
        &self,
        path: &Path,
        name: &str,
        client: &Client,
        protocol: impl Protocol + 'static,
    ) -> Deferred<Transport> {
        match client.session(name) {
            Ok(session) => {
                self.connect_unix_by(path, Box::new(protocol), |stream| session.over(stream))
            }
            Err(error) => Deferred::done(Err(crate::Error::Handshake(error.into()))),
        }
    }
}
