//! TCP.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use event_loop::{DEFAULT_BACKLOG, listen_tcp, net as mio};

use super::addresses::{ToSocketAddrs, each};
use super::connect;
use super::descriptors::impl_descriptor;
use super::stream::{check_timeout, impl_read_write};
use crate::hub;
use crate::registered::{Direction, Registered};

/// A TCP connection, as [`std::net::TcpStream`]. While it waits, the other green threads run.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
///
/// use green_threads::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let server = green_threads::spawn(move || -> std::io::Result<()> {
///     let (mut stream, _) = listener.accept()?;
///     let mut word = [0; 5];
///     stream.read_exact(&mut word)?;
///     stream.write_all(&word)
/// });
/// let mut stream = TcpStream::connect(address)?;
/// stream.write_all(b"hello")?;
/// let mut answer = String::new();
/// stream.read_to_string(&mut answer)?;
/// assert_eq!(answer, "hello");
/// server.join().unwrap()?;
/// # Ok(()) }
/// ```
pub struct TcpStream {
    inner: Rc<Registered<mio::TcpStream>>,
}

impl_descriptor!(TcpStream, std::net::TcpStream, mio::TcpStream);

impl_read_write!(TcpStream);

impl TcpStream {
    fn new(stream: mio::TcpStream) -> io::Result<TcpStream> {
        Ok(TcpStream {
            inner: Rc::new(Registered::new(stream)?),
        })
    }

    /// Connects to the first of these addresses that answers. A thread of the pool looks up a name,
    /// because the system's look-up blocks.
    ///
    /// With several addresses, it does not wait for one that does not answer before it tries the
    /// next. Attempts begin 250 ms apart, or as soon as the one before has failed, and the families
    /// take turns ("happy eyeballs", RFC 8305).
    ///
    /// # Errors
    ///
    /// The error of the attempt that failed last.
    pub fn connect(addresses: impl ToSocketAddrs) -> io::Result<TcpStream> {
        connect::first(addresses.to_socket_addrs()?.collect())
    }

    /// Connects with a time-out.
    ///
    /// # Errors
    ///
    /// As [`connect`](TcpStream::connect), or `TimedOut`.
    pub fn connect_timeout(address: &SocketAddr, timeout: Duration) -> io::Result<TcpStream> {
        let timeout = check_timeout(Some(timeout))?;
        Self::connect_until(*address, timeout.map(hub::after))
    }

    pub(super) fn connect_until(
        address: SocketAddr,
        deadline: Option<Instant>,
    ) -> io::Result<TcpStream> {
        let stream = Self::new(mio::TcpStream::connect(address)?)?;
        loop {
            hub::with(|hub| {
                let (write, what) = (Direction::Write, "connect");
                stream.inner.wait(hub, write, what, deadline)
            })
            .map_err(|error| match error.kind() {
                io::ErrorKind::WouldBlock => io::Error::new(io::ErrorKind::TimedOut, error),
                _ => error,
            })?;
            if let Some(error) = stream.take_error()? {
                return Err(error);
            }
            match stream.peer_addr() {
                Ok(_) => return Ok(stream),
                Err(error) if error.kind() == io::ErrorKind::NotConnected => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// When it is not connected any more.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Reads without removing: the next read gets the same bytes again.
    ///
    /// # Errors
    ///
    /// As for reading.
    pub fn peek(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner
            .retry(Direction::Read, "peek", |socket| socket.peek(buffer))
    }

    /// Sets whether small writes are sent at once (`TCP_NODELAY`).
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn set_nodelay(&self, nodelay: bool) -> io::Result<()> {
        self.inner.set_nodelay(nodelay)
    }

    /// See [`set_nodelay`](TcpStream::set_nodelay).
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn nodelay(&self) -> io::Result<bool> {
        self.inner.nodelay()
    }

    /// Sets how many hops a packet may make.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn set_ttl(&self, ttl: u32) -> io::Result<()> {
        self.inner.set_ttl(ttl)
    }

    /// See [`set_ttl`](TcpStream::set_ttl).
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn ttl(&self) -> io::Result<u32> {
        self.inner.ttl()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.inner, f)
    }
}

/// A listening TCP socket, as [`std::net::TcpListener`].
pub struct TcpListener {
    inner: Rc<Registered<mio::TcpListener>>,
}

impl_descriptor!(TcpListener, std::net::TcpListener, mio::TcpListener);

impl TcpListener {
    /// Listens at the first of these addresses that is available. Up to
    /// [`DEFAULT_BACKLOG`](event_loop::DEFAULT_BACKLOG) connections wait to be accepted.
    ///
    /// # Errors
    ///
    /// The error of the last address, for instance that it is in use.
    pub fn bind(addresses: impl ToSocketAddrs) -> io::Result<TcpListener> {
        each(addresses, |address| {
            Self::listen(address, DEFAULT_BACKLOG, false)
        })
    }

    /// Listens at an address that other sockets of this user, in other hubs or processes, listen at
    /// too. The system divides the connections among them.
    ///
    /// # Errors
    ///
    /// As [`bind`](TcpListener::bind).
    pub fn bind_shared(addresses: impl ToSocketAddrs) -> io::Result<TcpListener> {
        each(addresses, |address| {
            Self::listen(address, DEFAULT_BACKLOG, true)
        })
    }

    fn listen(address: SocketAddr, backlog: i32, share: bool) -> io::Result<TcpListener> {
        Self::of_unregistered(listen_tcp(address, backlog, share)?)
    }

    /// From here on it belongs to this thread's hub.
    pub(crate) fn of_unregistered(listener: mio::TcpListener) -> io::Result<TcpListener> {
        Ok(TcpListener {
            inner: Rc::new(Registered::new(listener)?),
        })
    }

    /// Waits for a connection. Returns it and the other end's address.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that no descriptors are left.
    pub fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let (stream, address) = self
            .inner
            .retry(Direction::Read, "accept", |socket| socket.accept())?;
        Ok((TcpStream::new(stream)?, address))
    }

    /// All connections that come, without their addresses.
    pub fn incoming(&self) -> Incoming<'_> {
        Incoming { listener: self }
    }

    /// The address where it listens. For port 0, it is the port that the system chose.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Another handle of the same socket, for another green thread of this hub.
    ///
    /// # Errors
    ///
    /// None. The signature is that of the standard library.
    pub fn try_clone(&self) -> io::Result<TcpListener> {
        Ok(TcpListener {
            inner: Rc::clone(&self.inner),
        })
    }

    /// The socket's pending error, if there is one. It is cleared.
    ///
    /// # Errors
    ///
    /// When the system call fails.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.inner, f)
    }
}

/// An endless iterator over the connections that come to a [`TcpListener`].
#[derive(Debug)]
pub struct Incoming<'a> {
    listener: &'a TcpListener,
}

impl Iterator for Incoming<'_> {
    type Item = io::Result<TcpStream>;

    fn next(&mut self) -> Option<Self::Item> {
        Some(self.listener.accept().map(|(stream, _)| stream))
    }
}
