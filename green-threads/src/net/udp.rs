//! UDP.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use event_loop::net as mio;

use super::addresses::{ToSocketAddrs, each};
use super::descriptors::impl_descriptor;
use super::stream::check_timeout;
use crate::registered::{Direction, Registered};

/// A socket for datagrams; as [`std::net::UdpSocket`].
///
/// # Examples
///
/// ```
/// use green_threads::net::UdpSocket;
///
/// # fn main() -> std::io::Result<()> {
/// let (here, there) = (UdpSocket::bind("127.0.0.1:0")?, UdpSocket::bind("127.0.0.1:0")?);
/// here.send_to(b"hello", there.local_addr()?)?;
/// let mut buffer = [0; 16];
/// let (length, from) = there.recv_from(&mut buffer)?;
/// assert_eq!((&buffer[..length], from), (&b"hello"[..], here.local_addr()?));
/// # Ok(()) }
/// ```
pub struct UdpSocket {
    inner: Rc<Registered<mio::UdpSocket>>,
}

impl_descriptor!(UdpSocket, std::net::UdpSocket, mio::UdpSocket);

impl UdpSocket {
    /// A socket at the first of these addresses that can be had.
    ///
    /// # Errors
    ///
    /// That of the last address.
    pub fn bind(addresses: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        let inner = Registered::new(each(addresses, mio::UdpSocket::bind)?)?;
        Ok(UdpSocket {
            inner: Rc::new(inner),
        })
    }

    /// From here on, only with this other end.
    ///
    /// # Errors
    ///
    /// That of the last address.
    pub fn connect(&self, addresses: impl ToSocketAddrs) -> io::Result<()> {
        each(addresses, |address| self.inner.connect(address))
    }

    /// Sends a datagram to the first of these addresses.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that it is too long.
    pub fn send_to(&self, bytes: &[u8], addresses: impl ToSocketAddrs) -> io::Result<usize> {
        let Some(address) = addresses.to_socket_addrs()?.next() else {
            return Err(io::Error::new(
                io::ErrorKind::InvalidInput,
                "there is no address to send to",
            ));
        };
        self.inner.retry(Direction::Write, "send", |socket| {
            socket.send_to(bytes, address)
        })
    }

    /// Receives a datagram, and where it comes from; what does not fit is lost.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        self.inner.retry(Direction::Read, "receive", |socket| {
            socket.recv_from(buffer)
        })
    }

    /// Sends a datagram to the other end it is connected to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.inner
            .retry(Direction::Write, "send", |socket| socket.send(bytes))
    }

    /// Receives a datagram from the other end it is connected to.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner
            .retry(Direction::Read, "receive", |socket| socket.recv(buffer))
    }

    /// How long receiving may wait; beyond that it is an error of kind `WouldBlock`.
    ///
    /// # Errors
    ///
    /// When the time-out is zero.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.read_timeout.set(check_timeout(timeout)?);
        Ok(())
    }

    /// How long sending may wait; beyond that it is an error of kind `WouldBlock`.
    ///
    /// # Errors
    ///
    /// When the time-out is zero.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        self.inner.write_timeout.set(check_timeout(timeout)?);
        Ok(())
    }

    /// The address of this end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// The address of the other end it is connected to.
    ///
    /// # Errors
    ///
    /// When it is connected to none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Whether it may send to all of a network at once.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.inner.set_broadcast(broadcast)
    }

    /// Another handle of the same socket, for another green thread of this hub.
    ///
    /// # Errors
    ///
    /// None; it is here for the signature's sake.
    pub fn try_clone(&self) -> io::Result<UdpSocket> {
        Ok(UdpSocket {
            inner: Rc::clone(&self.inner),
        })
    }

    /// The socket's error, if it has one, which is then forgotten.
    ///
    /// # Errors
    ///
    /// When the system cannot say.
    pub fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.inner.take_error()
    }
}

impl fmt::Debug for UdpSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.inner, f)
    }
}
