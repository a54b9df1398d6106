//! A stream server: it accepts connections, spawns a green thread for each, keeps a limit, and
//! stops in good order.

use std::fmt;
use std::io;
use std::time::Duration;

use event_loop::AcceptErrors;

use crate::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use crate::{GreenThread, JoinError, Pool, sleep, spawn};

/// How many connections are served at once by default. Each needs a page and a half of memory, so
/// this many need some 60 MB. More connections wait in the listener's backlog.
pub const DEFAULT_MAX_CONNECTIONS: usize = 10_000;

/// A listener that a [`StreamServer`] can use.
pub trait Listener {
    /// The type of a connection.
    type Stream: 'static;

    /// Waits for a connection.
    ///
    /// # Errors
    ///
    /// The system's error. A [`StreamServer`] ends at `EBADF`, `EINVAL` or `ENOTSOCK`, which mean
    /// that the socket does not listen any more. It logs other errors, and tries again.
    fn accept_stream(&self) -> io::Result<Self::Stream>;
}

impl Listener for TcpListener {
    type Stream = TcpStream;

    fn accept_stream(&self) -> io::Result<TcpStream> {
        self.accept().map(|(stream, _)| stream)
    }
}

impl Listener for UnixListener {
    type Stream = UnixStream;

    fn accept_stream(&self) -> io::Result<UnixStream> {
        self.accept().map(|(stream, _)| stream)
    }
}

/// Serves each connection in a green thread of its own: gevent's `StreamServer`.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
/// use std::time::Duration;
///
/// use green_threads::StreamServer;
/// use green_threads::net::{TcpListener, TcpStream};
///
/// # fn main() -> std::io::Result<()> {
/// let listener = TcpListener::bind("127.0.0.1:0")?;
/// let address = listener.local_addr()?;
/// let server = StreamServer::new(listener, |mut stream: TcpStream| {
///     let _ = stream.write_all(b"hello");
/// });
/// let server = server.max_connections(100).start();
///
/// let mut heard = String::new();
/// TcpStream::connect(address)?.read_to_string(&mut heard)?;
/// assert_eq!(heard, "hello");
/// assert_eq!(server.stop(Duration::from_secs(1)), 0);
/// # Ok(()) }
/// ```
#[must_use = "a server does nothing before `start`"]
pub struct StreamServer<L, H> {
    listener: L,
    handler: H,
    max_connections: usize,
}

impl<L, H> StreamServer<L, H>
where
    L: Listener + 'static,
    H: Fn(L::Stream) + 'static,
{
    /// A server that calls `handler` with each connection. If a handler panics, its own connection
    /// is closed.
    pub fn new(listener: L, handler: H) -> Self {
        StreamServer {
            listener,
            handler,
            max_connections: DEFAULT_MAX_CONNECTIONS,
        }
    }

    /// Sets how many connections are served at once, at least one.
    pub fn max_connections(self, max_connections: usize) -> Self {
        StreamServer {
            max_connections,
            ..self
        }
    }

    /// Begins to accept.
    #[track_caller]
    pub fn start(self) -> RunningServer {
        let pool = Pool::new(self.max_connections);
        let connections = pool.clone();
        let handler = std::rc::Rc::new(self.handler);
        let listener = self.listener;
        let accepting = spawn(move || -> io::Error {
            let errors = AcceptErrors::default();
            loop {
                connections.wait_available();
                match listener.accept_stream() {
                    Ok(stream) => {
                        errors.accepted();
                        let handler = std::rc::Rc::clone(&handler);
                        if let Err(error) = connections.try_spawn(move || handler(stream)) {
                            tracing::error!(%error, "a connection was accepted and is closed again");
                            sleep(AcceptErrors::RETRY);
                        }
                    }
                    // The client has closed the connection before it was accepted.
                    Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
                    Err(error) if is_of_the_listener(&error) => return error,
                    Err(error) => {
                        errors.failed(&error);
                        sleep(AcceptErrors::RETRY);
                    }
                }
            }
        });
        RunningServer { accepting, pool }
    }
}

/// Whether the listener itself is unusable: it is closed, or does not listen any more. Every other
/// error is about a connection, the network or missing memory or descriptors, and a later try may
/// succeed.
fn is_of_the_listener(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(libc::EBADF | libc::EINVAL | libc::ENOTSOCK)
    )
}

impl<L: fmt::Debug, H> fmt::Debug for StreamServer<L, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamServer")
            .field("listener", &self.listener)
            .field("max_connections", &self.max_connections)
            .finish_non_exhaustive()
    }
}

/// A running server. Dropping this does not stop it.
#[derive(Debug)]
pub struct RunningServer {
    accepting: GreenThread<io::Error>,
    pool: Pool,
}

impl RunningServer {
    /// How many connections are being served.
    pub fn connections(&self) -> usize {
        self.pool.running()
    }

    /// Waits until it stops accepting. Without [`stop`](RunningServer::stop) it does so only when
    /// the listener fails.
    ///
    /// # Errors
    ///
    /// The listener's error.
    pub fn wait(self) -> io::Result<()> {
        match self.accepting.join() {
            Ok(error) => Err(error),
            Err(JoinError::Killed) => Ok(()),
            Err(error) => Err(io::Error::other(error.to_string())),
        }
    }

    /// Stops the server: closes the listener, gives the connections this time to end, and then
    /// kills the rest. Returns how many it killed.
    ///
    /// A handler that waits for a quiet client takes all of this time. Shut down the reading half of its
    /// stream before this, and the handler reads the end of the stream.
    pub fn stop(&self, grace: Duration) -> usize {
        self.accepting.kill();
        let left = match self.pool.join_timeout(grace) {
            true => 0,
            false => self.pool.running(),
        };
        self.pool.kill();
        left
    }
}
