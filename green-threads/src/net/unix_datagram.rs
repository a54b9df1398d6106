//! Datagrams by Unix sockets.

use std::fmt;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use event_loop::net as mio;

use super::descriptors::impl_descriptor;
use super::stream::check_timeout;
use crate::registered::{Direction, Registered};
use crate::{hub, sleep};

/// How long to wait for room in the queue of a socket that this one is not connected to before
/// another try: the system tells nobody.
const QUEUE_FULL: Duration = Duration::from_millis(1);

/// A Unix socket for datagrams; as [`std::os::unix::net::UnixDatagram`].
///
/// # Examples
///
/// ```
/// use green_threads::net::UnixDatagram;
///
/// # fn main() -> std::io::Result<()> {
/// let (here, there) = UnixDatagram::pair()?;
/// here.send(b"hello")?;
/// let mut buffer = [0; 16];
/// let length = there.recv(&mut buffer)?;
/// assert_eq!(&buffer[..length], b"hello");
/// # Ok(()) }
/// ```
pub struct UnixDatagram {
    inner: Rc<Registered<mio::UnixDatagram>>,
}

impl_descriptor!(
    UnixDatagram,
    std::os::unix::net::UnixDatagram,
    mio::UnixDatagram
);

impl UnixDatagram {
    fn new(socket: mio::UnixDatagram) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram {
            inner: Rc::new(Registered::new(socket)?),
        })
    }

    /// A socket at a file, which must not exist, and stays when the socket is closed.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that the file exists.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        Self::new(mio::UnixDatagram::bind(path)?)
    }

    /// A socket without an address: it can send.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn unbound() -> io::Result<UnixDatagram> {
        Self::new(mio::UnixDatagram::unbound()?)
    }

    /// Two that are connected with one another.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = mio::UnixDatagram::pair()?;
        Ok((Self::new(one)?, Self::new(other)?))
    }

    /// From here on, only with this other end.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that there is no such socket.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// Sends a datagram to the socket at a file; waits while that one's queue is full.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that there is no such socket.
    pub fn send_to(&self, bytes: &[u8], path: impl AsRef<Path>) -> io::Result<usize> {
        let path = path.as_ref();
        let deadline = self.inner.write_timeout.get().map(hub::after);
        loop {
            hub::with(|hub| hub.spend());
            match self.inner.send_to(bytes, path) {
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    if deadline.is_some_and(|deadline| deadline <= hub::now()) {
                        return Err(error);
                    }
                    sleep(QUEUE_FULL);
                }
                result => return result,
            }
        }
    }

    /// Sends a datagram to the other end it is connected to; waits while that one's queue is full.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn send(&self, bytes: &[u8]) -> io::Result<usize> {
        self.inner
            .retry(Direction::Write, "send", |socket| socket.send(bytes))
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

    /// Receives a datagram; what does not fit is lost.
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

    /// Where it is.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.inner.local_addr()
    }

    /// Where the other end is that it is connected to.
    ///
    /// # Errors
    ///
    /// When it is connected to none.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.inner.peer_addr()
    }

    /// Shuts down receiving, sending or both; who waits for it sees the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }

    /// Another handle of the same socket, for another green thread of this hub.
    ///
    /// # Errors
    ///
    /// None; it is here for the signature's sake.
    pub fn try_clone(&self) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram {
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

impl fmt::Debug for UnixDatagram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.inner, f)
    }
}
