//! UDP.

use std::io;
use std::net::SocketAddr;
use std::rc::Rc;

use event_loop::net as mio;

use super::addresses::{ToSocketAddrs, each};
use super::datagram::impl_datagram;
use super::descriptors::impl_descriptor;
use crate::registered::{Direction, Registered};

/// A UDP socket, as [`std::net::UdpSocket`].
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
impl_datagram!(UdpSocket, SocketAddr);

impl UdpSocket {
    /// A socket at the first of these addresses that is available.
    ///
    /// # Errors
    ///
    /// The error of the last address.
    pub fn bind(addresses: impl ToSocketAddrs) -> io::Result<UdpSocket> {
        let inner = Registered::new(each(addresses, mio::UdpSocket::bind)?)?;
        Ok(UdpSocket {
            inner: Rc::new(inner),
        })
    }

    /// Connects it: from here on it talks to this other end only.
    ///
    /// # Errors
    ///
    /// The error of the last address.
    pub fn connect(&self, addresses: impl ToSocketAddrs) -> io::Result<()> {
        each(addresses, |address| self.inner.connect(address))
    }

    /// Sends a datagram to the first of these addresses.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the datagram is too long.
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

    /// Sets whether it may broadcast to a whole network.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn set_broadcast(&self, broadcast: bool) -> io::Result<()> {
        self.inner.set_broadcast(broadcast)
    }
}
