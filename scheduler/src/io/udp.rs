//! UDP.

use std::io;
use std::net::SocketAddr;

use event_loop::{Interest, net};

use super::source::{Registered, Side};
use super::stream::descriptor;

/// A UDP socket. Many tasks may use it.
pub struct UdpSocket {
    socket: Registered<net::UdpSocket>,
}

impl UdpSocket {
    /// A socket at an address. For port 0 the system chooses a free port.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the address is in use.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::executor::Executor;
    /// use scheduler::io::UdpSocket;
    ///
    /// # fn main() -> std::io::Result<()> {
    /// Executor::new()?.block_on(async {
    ///     let here = || UdpSocket::bind(([127, 0, 0, 1], 0).into());
    ///     let (ann, bob) = (here()?, here()?);
    ///     ann.send_to(b"hello", bob.local_addr()?).await?;
    ///     let mut buffer = [0; 64];
    ///     let (length, from) = bob.recv_from(&mut buffer).await?;
    ///     assert_eq!((&buffer[..length], from), (&b"hello"[..], ann.local_addr()?));
    ///     Ok(())
    /// })
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(address: SocketAddr) -> io::Result<UdpSocket> {
        UdpSocket::new(net::UdpSocket::bind(address)?)
    }

    /// Takes a socket of the standard library.
    ///
    /// # Errors
    ///
    /// The system's error.
    ///
    /// # Panics
    ///
    /// As [`bind`](UdpSocket::bind).
    #[track_caller]
    pub fn from_std(socket: std::net::UdpSocket) -> io::Result<UdpSocket> {
        socket.set_nonblocking(true)?;
        UdpSocket::new(net::UdpSocket::from_std(socket))
    }

    #[track_caller]
    fn new(socket: net::UdpSocket) -> io::Result<UdpSocket> {
        let socket = Registered::new(socket, Interest::READABLE | Interest::WRITABLE)?;
        Ok(UdpSocket { socket })
    }

    /// Waits for a datagram. Returns its length and its sender. Bytes that do not fit are lost.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub async fn recv_from(&self, buffer: &mut [u8]) -> io::Result<(usize, SocketAddr)> {
        let receive = |socket: &net::UdpSocket| socket.recv_from(buffer);
        self.socket.operate(Side::READ, receive).await
    }

    /// Sends a datagram. Waits while there is no room for it.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that it is too long.
    pub async fn send_to(&self, bytes: &[u8], to: SocketAddr) -> io::Result<usize> {
        let send = |socket: &net::UdpSocket| socket.send_to(bytes, to);
        self.socket.operate(Side::WRITE, send).await
    }

    /// Connects it: from now on it receives from this address only, and [`send`](UdpSocket::send)s
    /// there.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn connect(&self, to: SocketAddr) -> io::Result<()> {
        self.socket.get().connect(to)
    }

    /// Sends a datagram to the connected address.
    ///
    /// # Errors
    ///
    /// The system's error. It may be about the datagram before: that no socket receives there.
    pub async fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        let send = |socket: &net::UdpSocket| socket.send(bytes);
        self.socket.operate(Side::WRITE, send).await
    }

    /// Waits for a datagram from the connected address.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub async fn recv(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let receive = |socket: &net::UdpSocket| socket.recv(buffer);
        self.socket.operate(Side::READ, receive).await
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

descriptor!(UdpSocket);
