//! Step 7. Sockets: waiting for the system as one waits for a task.
//!
//! Every operation tries first, and waits only if the system says that it would block: until the
//! [event loop](event_loop) tells that this has changed. A task whose sockets are always
//! ready would never let the others run; after 64 operations in one poll it has to.
//!
//! ```
//! use scheduler::executor::{Executor, spawn};
//! use scheduler::io::{TcpListener, TcpStream};
//!
//! # fn main() -> std::io::Result<()> {
//! Executor::new()?.block_on(async {
//!     let listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
//!     let address = listener.local_addr()?;
//!     let echo = spawn(async move {
//!         let (stream, _) = listener.accept().await?;
//!         let mut buffer = [0; 64];
//!         let length = stream.read(&mut buffer).await?;
//!         stream.write_all(&buffer[..length]).await
//!     });
//!     let stream = TcpStream::connect(address).await?;
//!     stream.write_all(b"hello").await?;
//!     let mut answer = [0; 64];
//!     let length = stream.read(&mut answer).await?;
//!     assert_eq!(&answer[..length], b"hello");
//!     echo.await.map_err(std::io::Error::other)?
//! })
//! # }
//! ```

mod lines;
mod signals;
mod source;

use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};

use event_loop::{DEFAULT_BACKLOG, Interest, listen_tcp, net};

pub use lines::{Line, Lines};
pub use signals::signal;

use source::{Registered, Side};

/// A TCP socket that accepts connections.
pub struct TcpListener {
    socket: Registered<net::TcpListener>,
}

impl TcpListener {
    /// Listens at an address; with port 0 at a free one.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that the address is in use.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    #[track_caller]
    pub fn bind(address: SocketAddr) -> io::Result<TcpListener> {
        let socket = listen_tcp(address, DEFAULT_BACKLOG, false)?;
        let socket = Registered::new(socket, Interest::READABLE)?;
        Ok(TcpListener { socket })
    }

    /// Waits for the next connection.
    ///
    /// # Errors
    ///
    /// What the system says: above all that there are no descriptors left. The connection waits
    /// then, and the next call may get it.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        let accept = |socket: &net::TcpListener| match socket.accept() {
            // It has gone before it was accepted.
            Err(error) if error.kind() == ErrorKind::ConnectionAborted => {
                Err(ErrorKind::Interrupted.into())
            }
            accepted => accepted,
        };
        let (stream, peer) = self.socket.operate(Side::READ, accept).await?;
        Ok((TcpStream::new(stream)?, peer))
    }

    /// Where it listens.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().local_addr()
    }
}

impl fmt::Debug for TcpListener {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.get().fmt(f)
    }
}

/// A TCP connection. One task may read while another writes.
pub struct TcpStream {
    socket: Registered<net::TcpStream>,
}

impl TcpStream {
    fn new(stream: net::TcpStream) -> io::Result<TcpStream> {
        let socket = Registered::new(stream, Interest::READABLE | Interest::WRITABLE)?;
        Ok(TcpStream { socket })
    }

    /// Connects.
    ///
    /// # Errors
    ///
    /// What the system says, for instance that nobody listens there.
    ///
    /// # Panics
    ///
    /// Outside of an executor.
    pub async fn connect(address: SocketAddr) -> io::Result<TcpStream> {
        let stream = TcpStream::new(net::TcpStream::connect(address)?)?;
        let connected = |socket: &net::TcpStream| match socket.take_error()? {
            Some(error) => Err(error),
            None => match socket.peer_addr() {
                Err(error) if error.kind() == ErrorKind::NotConnected => {
                    Err(ErrorKind::WouldBlock.into())
                }
                peer => peer,
            },
        };
        stream.socket.operate(Side::WRITE, connected).await?;
        Ok(stream)
    }

    /// Waits for something to read, and reads; 0 is the end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let room = buffer.len();
        let read = |mut socket: &net::TcpStream| socket.read(buffer);
        let length = self.socket.operate(Side::READ, read).await?;
        if length < room {
            self.socket.drained();
        }
        Ok(length)
    }

    /// Waits until there may be something to read, without a buffer for it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn readable(&self) -> io::Result<()> {
        let peek = |socket: &net::TcpStream| socket.peek(&mut [0]).map(drop);
        self.socket.operate(Side::READ, peek).await
    }

    /// Waits until something can be written, and writes some of it.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let write = |mut socket: &net::TcpStream| socket.write(bytes);
        self.socket.operate(Side::WRITE, write).await
    }

    /// Writes all of it.
    ///
    /// # Errors
    ///
    /// What the system says; some of it may have been written then, as when this is dropped.
    pub async fn write_all(&self, mut bytes: &[u8]) -> io::Result<()> {
        while !bytes.is_empty() {
            let written = self.write(bytes).await?;
            bytes = &bytes[written..];
        }
        Ok(())
    }

    /// Closes one direction, or both.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.socket.get().shutdown(how)
    }

    /// Sends what is written at once, instead of waiting for more.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn set_nodelay(&self, on: bool) -> io::Result<()> {
        self.socket.get().set_nodelay(on)
    }

    /// The other end.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.get().peer_addr()
    }
}

impl fmt::Debug for TcpStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.socket.get().fmt(f)
    }
}
