//! Unix sockets.

use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::Duration;

use event_loop::{Interest, net};

use super::source::{Registered, Side};
use super::stream::descriptor;
use crate::executor::sleep;

/// How long to wait before retrying when a listener's backlog is full. The system sends no event.
const BACKLOG_FULL: Duration = Duration::from_millis(1);

/// A Unix socket that accepts connections. Its file stays when this is dropped.
pub struct UnixListener {
    socket: Registered<net::UnixListener>,
}

impl UnixListener {
    /// Listens at a path. There must be no file.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that the file exists.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::executor::{Executor, spawn};
    /// use scheduler::io::{UnixListener, UnixStream};
    ///
    /// # fn main() -> std::io::Result<()> {
    /// let path = std::env::temp_dir().join(format!("scheduler-example-{}", std::process::id()));
    /// Executor::new()?.block_on(async {
    ///     let listener = UnixListener::bind(&path)?;
    ///     let greeting = spawn(async move { listener.accept().await?.write_all(b"hello").await });
    ///     let stream = UnixStream::connect(&path).await?;
    ///     let mut buffer = [0; 8];
    ///     let length = stream.read(&mut buffer).await?;
    ///     assert_eq!(&buffer[..length], b"hello");
    ///     greeting.await.map_err(std::io::Error::other)?
    /// })?;
    /// std::fs::remove_file(path)
    /// # }
    /// ```
    #[track_caller]
    pub fn bind(path: impl AsRef<Path>) -> io::Result<UnixListener> {
        UnixListener::new(net::UnixListener::bind(path)?)
    }

    /// Takes a listener of the standard library.
    ///
    /// # Errors
    ///
    /// The system's error.
    ///
    /// # Panics
    ///
    /// As [`bind`](UnixListener::bind).
    #[cfg(unix)]
    #[track_caller]
    pub fn from_std(listener: std::os::unix::net::UnixListener) -> io::Result<UnixListener> {
        listener.set_nonblocking(true)?;
        UnixListener::new(net::UnixListener::from_std(listener))
    }

    #[track_caller]
    fn new(socket: net::UnixListener) -> io::Result<UnixListener> {
        let socket = Registered::new(socket, Interest::READABLE)?;
        Ok(UnixListener { socket })
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub async fn accept(&self) -> io::Result<UnixStream> {
        let accept = |socket: &net::UnixListener| socket.accept();
        let (stream, _) = self.socket.operate(Side::READ, accept).await?;
        UnixStream::new(stream)
    }
}

/// A Unix-socket connection, on one machine. See [`TcpStream`](super::TcpStream).
pub struct UnixStream {
    pub(super) socket: Registered<net::UnixStream>,
}

impl UnixStream {
    fn new(stream: net::UnixStream) -> io::Result<UnixStream> {
        let socket = Registered::stream(stream)?;
        Ok(UnixStream { socket })
    }

    /// Connects to the listener at a path. While the listener's backlog is full, it retries every
    /// millisecond.
    ///
    /// # Errors
    ///
    /// The system's error, for instance that no server listens.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub async fn connect(path: impl AsRef<Path>) -> io::Result<UnixStream> {
        let stream = loop {
            match net::UnixStream::connect(&path) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => sleep(BACKLOG_FULL).await,
                stream => break UnixStream::new(stream?)?,
            }
        };
        stream.socket.connected().await?;
        Ok(stream)
    }

    /// Two sockets that are connected with each other.
    ///
    /// # Errors
    ///
    /// The system's error.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub fn pair() -> io::Result<(UnixStream, UnixStream)> {
        let (one, other) = net::UnixStream::pair()?;
        Ok((UnixStream::new(one)?, UnixStream::new(other)?))
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
    #[cfg(unix)]
    pub fn from_std(stream: std::os::unix::net::UnixStream) -> io::Result<UnixStream> {
        stream.set_nonblocking(true)?;
        UnixStream::new(net::UnixStream::from_std(stream))
    }
}

descriptor!(UnixListener, UnixStream);
