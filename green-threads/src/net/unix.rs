//! Unix sockets.

use std::fmt;
use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::SocketAddr;
use std::path::Path;
use std::rc::Rc;
use std::time::Duration;

use event_loop::{DEFAULT_BACKLOG, listen_unix, net as mio};

use super::descriptors::impl_descriptor;
use super::stream::{check_timeout, impl_read_write};
use crate::hub;
use crate::registered::{Direction, Registered};
use crate::wait_queue::Wait;

/// A connection over a Unix socket, as [`std::os::unix::net::UnixStream`].
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
///
/// use green_threads::net::UnixStream;
///
/// # fn main() -> std::io::Result<()> {
/// let (mut here, mut there) = UnixStream::pair()?;
/// let listener = green_threads::spawn(move || {
///     let mut heard = String::new();
///     there.read_to_string(&mut heard).map(|_| heard)
/// });
/// here.write_all(b"hello")?;
/// drop(here);
/// assert_eq!(listener.join().unwrap()?, "hello");
/// # Ok(()) }
/// ```
pub struct UnixStream {
    inner: Rc<Registered<mio::UnixStream>>,
}

impl_descriptor!(UnixStream, std::os::unix::net::UnixStream, mio::UnixStream);

impl_read_write!(UnixStream);

/// How long to wait before retrying when a listener's backlog is full. The system sends no event.
const BACKLOG_FULL: Duration = Duration::from_millis(1);

impl UnixStream {
    fn new(stream: mio::UnixStream) -> io::Result<UnixStream> {
        Ok(UnixStream {
            inner: Rc::new(Registered::new(stream)?),
        })
    }

    /// Connects to a listener.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that no server listens.
    pub fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        loop {
            match mio::UnixStream::connect(&path) {
                Ok(stream) => return Self::new(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => hub::with(|hub| {
                    let again = hub.driver.after(BACKLOG_FULL);
                    hub.park(Wait::new("connect").until(Some(again)));
                }),
                Err(error) => return Err(error),
            }
        }
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = mio::UnixStream::pair()?;
        Ok((Self::new(one)?, Self::new(other)?))
    }

    /// The address of the other end.
    ///
    /// # Errors
    ///
    /// The system's error.
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
}

impl fmt::Debug for UnixStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.inner, f)
    }
}

/// A listening Unix socket, as [`std::os::unix::net::UnixListener`].
pub struct UnixListener {
    inner: Rc<Registered<mio::UnixListener>>,
}

impl_descriptor!(
    UnixListener,
    std::os::unix::net::UnixListener,
    mio::UnixListener
);

impl UnixListener {
    /// Listens at a file. It must not exist before, and stays when the socket is closed.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the file exists.
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        let inner = Registered::new(listen_unix(path.as_ref(), DEFAULT_BACKLOG)?)?;
        Ok(UnixListener {
            inner: Rc::new(inner),
        })
    }

    /// Waits for a connection. Returns it and the other end's address.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that no descriptors are left.
    pub fn accept(&self) -> io::Result<(UnixStream, SocketAddr)> {
        let (stream, address) = self
            .inner
            .retry(Direction::Read, "accept", |socket| socket.accept())?;
        Ok((UnixStream::new(stream)?, address))
    }

    /// An endless iterator over the connections that come, without their addresses.
    pub fn incoming(&self) -> impl Iterator<Item = io::Result<UnixStream>> + '_ {
        std::iter::repeat_with(|| self.accept().map(|(stream, _)| stream))
    }

    /// The address where it listens.
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
    pub fn try_clone(&self) -> io::Result<UnixListener> {
        Ok(UnixListener {
            inner: Rc::clone(&self.inner),
        })
    }
}

impl fmt::Debug for UnixListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self.inner, f)
    }
}
