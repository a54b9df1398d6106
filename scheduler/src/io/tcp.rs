//! TCP.

use std::io::{self, ErrorKind};
use std::net::SocketAddr;

use event_loop::{DEFAULT_BACKLOG, Interest, listen_tcp, net};

use super::source::{Registered, Side};
use super::stream::descriptor;

/// A TCP socket that accepts connections.
pub struct TcpListener {
    socket: Registered<net::TcpListener>,
}

impl TcpListener {
    /// Listens at an address. For port 0 the system chooses a free port.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the address is in use.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    #[track_caller]
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = listen_tcp(address, DEFAULT_BACKLOG, false)?;
        TcpListener::new(socket)
    }

    /// Takes a listener of the standard library.
    ///
    /// # Errors
    ///
    /// The system's error.
    ///
    /// # Panics
    ///
    /// As [`bind`](TcpListener::bind).
    #[track_caller]
    pub fn from_std(listener: std::net::TcpListener) -> io::Result<TcpListener> {
        listener.set_nonblocking(true)?;
        TcpListener::new(net::TcpListener::from_std(listener))
    }

    #[track_caller]
    fn new(socket: net::TcpListener) -> io::Result<TcpListener> {
        let socket = Registered::new(socket, Interest::READABLE)?;
        Ok(TcpListener { socket })
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// The system's error: above all that there are no descriptors left. The connection then stays
    /// in the backlog, and the next call may get it.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = |socket: &net::TcpListener| match socket.accept() {
            // The client has closed the connection before it was accepted.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {
                Err(ErrorKind::Interrupted.into())
            }
            accepted => accepted,
        };
        let (stream, peer) = self.socket.operate(Side::READ, accept).await?;
        Ok((TcpStream::new(stream)?, peer))
    }

    /// The address where it listens.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().local_addr()
    }
}

/// A TCP connection. One task may read while another writes.
///
/// It also has the traits of futures-io, and so have references to it. Only one task at a time may
/// read through these traits, because only the last one that polled is woken.
pub struct TcpStream {
    pub(super) socket: Registered<net::TcpStream>,
}

impl TcpStream {
    fn new(stream: net::TcpStream) -> io::Result<TcpStream> {
        let socket = Registered::stream(stream)?;
        Ok(TcpStream { socket })
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that no server listens there.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::new(net::TcpStream::connect(address)?)?;
        stream.socket.connected().await?;
        Ok(stream)
    }

    /// Takes a connection of the standard library.
    ///
    /// # Errors
    ///
    /// The system's error.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(true)?;
        TcpStream::new(net::TcpStream::from_std(stream))
    }

    /// Sets whether data is sent at once (`TCP_NODELAY`), without waiting for more.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.socket.get().set_nodelay(on)
    }

    /// Whether data is sent at once: see [`set_nodelay`](TcpStream::set_nodelay).
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.socket.get().nodelay()
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().local_addr()
    }
}

descriptor!(TcpListener, TcpStream);
