//! Listening: TCP ports, Unix sockets and UDP.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;

use event_loop::net;

use crate::listener::{Listener, Socket};
use crate::udp::Udp;
use crate::{Datagrams, Factory, ListenOptions, Port, Reactor, UdpTransport};

impl Reactor {
    /// Listens on a TCP port. `factory` makes a protocol for each connection.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the port is in use.
    ///
    /// # Examples
    ///
    /// ```
    /// use reactor::{Reactor, echo::Echo};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let reactor = Reactor::new()?;
    /// let port = reactor.listen_tcp(([127, 0, 0, 1], 0).into(), || Echo)?;
    /// println!("echoes at {}", port.local_addr()?);
    /// # Ok(()) }
    /// ```
    pub fn listen_tcp(
        &self,
        address: SocketAddr,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        self.listen_tcp_with(address, ListenOptions::default(), factory)
    }

    /// [`listen_tcp`](Reactor::listen_tcp), with other limits.
    ///
    /// # Errors
    ///
    /// As for [`listen_tcp`](Reactor::listen_tcp).
    pub fn listen_tcp_with(
        &self,
        address: SocketAddr,
        options: ListenOptions,
        factory: impl Factory + 'static,
    ) -> io::Result<Port> {
        let socket = Socket::tcp(address, options)?;
        Listener::open(&self.inner, socket, Box::new(factory), options)
    }

    /// Listens on a Unix socket. Its file is removed when the port is closed. A file is replaced if
    /// no server listens at it any more.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that a server listens there, or that the file exists and is
    /// not a socket.
    pub fn listen_unix(&self, path: &Path, factory: impl Factory + 'static) -> io::Result<Port> {
        let options = ListenOptions::default();
        let socket = Socket::unix(path, options.backlog)?;
        Listener::open(&self.inner, socket, Box::new(factory), options)
    }

    /// Receives datagrams at a UDP address. With port 0 the system chooses a port.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn listen_udp(
        &self,
        address: SocketAddr,
        protocol: impl Datagrams + 'static,
    ) -> io::Result<UdpTransport> {
        let socket = UdpSocket::bind(address)?;
        socket.set_nonblocking(true)?;
        Udp::open(
            &self.inner,
            net::UdpSocket::from_std(socket),
            Box::new(protocol),
        )
    }
}
