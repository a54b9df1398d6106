//! Unix datagram sockets.

use std::io;
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use event_loop::net as mio;

use super::datagram::impl_datagram;
use super::descriptors::impl_descriptor;
use crate::registered::Registered;
use crate::{hub, sleep};

/// How long to wait before retrying when the queue of a socket that this one is not connected to is
/// full. The system sends no event.
const QUEUE_FULL: Duration = Duration::from_millis(1);

/// A Unix datagram socket, as [`std::os::unix::net::UnixDatagram`].
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
impl_datagram!(UnixDatagram, SocketAddr);

impl UnixDatagram {
    fn new(socket: mio::UnixDatagram) -> io::Result<UnixDatagram> {
        Ok(UnixDatagram {
            inner: Rc::new(Registered::new(socket)?),
        })
    }

    /// A socket at a file. It must not exist before, and stays when the socket is closed.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the file exists.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixDatagram> {
        Self::new(mio::UnixDatagram::bind(path)?)
    }

    /// A socket without an address: it can only send.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn unbound() -> io::Result<UnixDatagram> {
        Self::new(mio::UnixDatagram::unbound()?)
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn pair() -> io::Result<(UnixDatagram, UnixDatagram)> {
        let (one, other) = mio::UnixDatagram::pair()?;
        Ok((Self::new(one)?, Self::new(other)?))
    }

    /// Connects it: from here on it talks to this other end only.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that there is no such socket.
    pub fn connect(&self, path: impl AsRef<Path>) -> io::Result<()> {
        self.inner.connect(path)
    }

    /// Sends a datagram to the socket at a file. Waits while the queue of that socket is full.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that there is no such socket.
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

    /// Shuts down receiving, sending or both. Green threads that wait for it see the end.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }
}
