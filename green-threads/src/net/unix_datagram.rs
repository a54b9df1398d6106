//! Datagrams by Unix sockets.

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
impl_datagram!(UnixDatagram, SocketAddr);

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

    /// Shuts down receiving, sending or both; green threads that wait for it see the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.inner.shutdown(how)
    }
}
