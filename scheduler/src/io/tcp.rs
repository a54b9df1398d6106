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
    /// Listens at an address; with port 0 at a free one.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that the address is in use.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    #[track_caller]
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = listen_tcp(address, DEFAULT_BACKLOG, false)?;
        TcpListener::new(socket)
    }

    /// One that somebody else has bound.
    ///
    /// # Errors
    ///
    /// What the system says.
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
    /// What the system says: above all that there are no descriptors left. The connection waits
    /// then, and the next call may get it.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = |socket: &net::TcpListener| match socket.accept() {
            // It has gone before it was accepted.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {
                Err(ErrorKind::Interrupted.into())
            }
            accepted => accepted,
        };
        let (stream, peer) = self.socket.operate(Side::READ, accept).await?;
        Ok((TcpStream::new(stream)?, peer))
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().local_addr()
    }
}

/// A TCP connection. One task may read while another writes.
///
/// It has the traits of futures-io too, as have references to it: a task that reads by them shares the
/// waiting with no other task that does.
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
    /// What the system says, for instance that nobody listens there.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::new(net::TcpStream::connect(address)?)?;
        stream.socket.connected().await?;
        Ok(stream)
    }

    /// A connection that somebody else has made.
    ///
    /// # Errors
    ///
    /// What the system says.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub fn from_std(stream: std::net::TcpStream) -> io::Result<TcpStream> {
        stream.set_nonblocking(true)?;
        TcpStream::new(net::TcpStream::from_std(stream))
    }

    /// Sends what is written at once, instead of waiting for more.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.socket.get().set_nodelay(on)
    }

    /// The other end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().peer_addr()
    }

    /// This end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().local_addr()
    }
}

descriptor!(TcpListener, TcpStream);
