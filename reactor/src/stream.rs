//! The byte streams under a connection.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::{Duration, Instant};

use event_loop::Source;
use event_loop::net::{TcpStream, UnixStream};
use rustix::net::sockopt;

use crate::Reason;
use crate::testing::Pipe;

pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Memory(Rc<RefCell<Pipe>>),
    #[cfg(feature = "tls")]
    Tls(Box<crate::tls::Tls>),
    Closed,
}

/// The address of the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP socket at this address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix,
    /// A connection in memory, in a test.
    Memory,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Peer::Tcp(address) => address.fmt(f),
            Peer::Unix => f.write_str("a Unix socket"),
            Peer::Memory => f.write_str("memory"),
        }
    }
}

impl Stream {
    /// The socket below all layers, or the pipe of a connection in memory.
    fn base(&self) -> &Stream {
        match self {
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.stream(),
            stream => stream,
        }
    }

    /// Closes the sending half. Fails with `WouldBlock` if that must wait.
    pub(crate) fn shut_write(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Memory(pipe) => {
                pipe.borrow_mut().end_written();
                Ok(())
            }
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.end(),
            Stream::Closed => Ok(()),
        }
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self.base() {
            Stream::Tcp(stream) => stream.take_error(),
            Stream::Unix(stream) => stream.take_error(),
            _ => Ok(None),
        }
    }

    pub(crate) fn set_nodelay(&self, on: bool) -> io::Result<()> {
        match self.base() {
            Stream::Tcp(stream) => stream.set_nodelay(on),
            _ => Ok(()),
        }
    }

    pub(crate) fn nodelay(&self) -> io::Result<bool> {
        match self.base() {
            Stream::Tcp(stream) => stream.nodelay(),
            _ => Ok(false),
        }
    }

    pub(crate) fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        let Stream::Tcp(stream) = self.base() else {
            return Ok(());
        };
        if let Some(after) = after {
            // The system counts whole seconds, at least one.
            sockopt::set_tcp_keepidle(stream, after.max(Duration::from_secs(1)))?;
        }
        Ok(sockopt::set_socket_keepalive(stream, after.is_some())?)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self.base() {
            Stream::Tcp(stream) => stream.local_addr(),
            Stream::Closed => Err(ErrorKind::NotConnected.into()),
            _ => Err(io::Error::other("this is not a TCP connection")),
        }
    }

    /// Whether connecting is done; an error if it failed.
    pub(crate) fn is_connected(&self, peer: Peer) -> io::Result<bool> {
        if let Some(error) = self.take_error()? {
            return Err(error);
        }
        let named = match self.base() {
            Stream::Tcp(stream) => stream.peer_addr().map(drop),
            _ => Ok(()),
        };
        match named {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
            Err(error) => Err(io::Error::new(error.kind(), format!("{peer}: {error}"))),
        }
    }

    /// Makes the system send a reset when this is closed.
    pub(crate) fn reset_on_close(&self) {
        match self.base() {
            Stream::Tcp(stream) => {
                if let Err(error) = sockopt::set_socket_linger(stream, Some(Duration::ZERO)) {
                    tracing::debug!(%error, "a connection that is cut ends without a reset");
                }
            }
            Stream::Memory(pipe) => pipe.borrow_mut().cut(),
            _ => {}
        }
    }

    /// Tells the stream that the connection has ended.
    pub(crate) fn closed(&self, reason: &Reason) {
        if let Stream::Memory(pipe) = self.base() {
            pipe.borrow_mut().closed(reason);
        }
    }

    pub(crate) fn source(&mut self) -> Option<&mut dyn Source> {
        match self {
            Stream::Tcp(stream) => Some(stream),
            Stream::Unix(stream) => Some(stream),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.stream_mut().source(),
            Stream::Memory(_) | Stream::Closed => None,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
            Stream::Memory(pipe) => pipe.borrow_mut().read(buffer),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.read(buffer),
            Stream::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Memory(pipe) => pipe.borrow_mut().write(bytes),
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.write(bytes),
            Stream::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write_vectored(parts),
            Stream::Unix(stream) => stream.write_vectored(parts),
            stream => {
                let first = parts.iter().find(|part| !part.is_empty());
                stream.write(first.map_or(&[], |part| part))
            }
        }
    }

    /// A plain socket buffers nothing. Only TLS may have bytes left.
    fn flush(&mut self) -> io::Result<()> {
        match self {
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.flush(),
            _ => Ok(()),
        }
    }
}

/// The part that only TLS streams have.
#[cfg(feature = "tls")]
mod secure {
    use super::*;
    use crate::tls::{Handshake, Shaken};

    impl Stream {
        pub(crate) fn begin_handshake(&mut self, now: Instant) -> bool {
            match self {
                Stream::Tls(tls) => {
                    tls.begin(now);
                    true
                }
                _ => false,
            }
        }

        pub(crate) fn handshake(&mut self) -> Option<&mut Handshake> {
            match self {
                Stream::Tls(tls) => tls.handshake(),
                _ => None,
            }
        }

        pub(crate) fn shake(&mut self) -> io::Result<Shaken> {
            match self {
                Stream::Tls(tls) => tls.shake(),
                _ => Ok(Shaken::Before),
            }
        }
    }
}

impl Stream {
    /// The stream's own deadline, for instance of a handshake, and the reason that then ends it.
    pub(crate) fn deadline(&self) -> Option<(Instant, Reason)> {
        match self {
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.deadline(),
            _ => None,
        }
    }

    /// Whether accepted bytes are not sent yet.
    pub(crate) fn has_unsent(&self) -> bool {
        match self {
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.has_unsent(),
            _ => false,
        }
    }

    /// Whether it may be closed now that everything is sent. If not, wait for readiness or its
    /// deadline.
    pub(crate) fn may_close(&mut self, now: impl FnOnce() -> Instant) -> io::Result<bool> {
        match self {
            #[cfg(feature = "tls")]
            Stream::Tls(tls) => tls.close(now()),
            _ => {
                let _ = now;
                Ok(true)
            }
        }
    }
}
