//! The byte streams under a connection.

use std::cell::RefCell;
use std::fmt;
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use event_loop::Source;
use event_loop::net::{TcpStream, UnixStream};
use rustix::net::sockopt;

use crate::Reason;
use crate::testing::Pipe;

pub(crate) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    Memory(Rc<RefCell<Pipe>>),
    Closed,
}

/// Who is at the other end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Peer {
    /// A TCP socket at this address.
    Tcp(SocketAddr),
    /// A Unix socket.
    Unix,
    /// A test.
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
    pub(crate) fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.read(buffer),
            Stream::Unix(stream) => stream.read(buffer),
            Stream::Memory(pipe) => pipe.borrow_mut().read(buffer),
            Stream::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(crate) fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => stream.write(bytes),
            Stream::Unix(stream) => stream.write(bytes),
            Stream::Memory(pipe) => pipe.borrow_mut().write(bytes),
            Stream::Closed => Err(ErrorKind::NotConnected.into()),
        }
    }

    pub(crate) fn shut_write(&mut self) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(Shutdown::Write),
            Stream::Unix(stream) => stream.shutdown(Shutdown::Write),
            Stream::Memory(pipe) => {
                pipe.borrow_mut().end_written();
                Ok(())
            }
            Stream::Closed => Ok(()),
        }
    }

    pub(crate) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Stream::Tcp(stream) => stream.take_error(),
            Stream::Unix(stream) => stream.take_error(),
            Stream::Memory(_) | Stream::Closed => Ok(None),
        }
    }

    pub(crate) fn set_nodelay(&self, on: bool) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_nodelay(on),
            _ => Ok(()),
        }
    }

    pub(crate) fn set_keepalive(&self, after: Option<Duration>) -> io::Result<()> {
        let Stream::Tcp(stream) = self else {
            return Ok(());
        };
        if let Some(after) = after {
            // The system counts whole seconds, one at least.
            sockopt::set_tcp_keepidle(stream, after.max(Duration::from_secs(1)))?;
        }
        Ok(sockopt::set_socket_keepalive(stream, after.is_some())?)
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.local_addr(),
            Stream::Closed => Err(ErrorKind::NotConnected.into()),
            _ => Err(io::Error::other("this is no TCP connection")),
        }
    }

    /// Has the other end see a reset when this is closed.
    pub(crate) fn reset_on_close(&self) {
        match self {
            Stream::Tcp(stream) => {
                if let Err(error) = sockopt::set_socket_linger(stream, Some(Duration::ZERO)) {
                    tracing::debug!(%error, "a connection that is cut ends without a reset");
                }
            }
            Stream::Memory(pipe) => pipe.borrow_mut().cut(),
            Stream::Unix(_) | Stream::Closed => {}
        }
    }

    /// The connection is over.
    pub(crate) fn closed(&self, reason: &Reason) {
        if let Stream::Memory(pipe) = self {
            pipe.borrow_mut().closed(reason);
        }
    }

    pub(crate) fn source(&mut self) -> Option<&mut dyn Source> {
        match self {
            Stream::Tcp(stream) => Some(stream),
            Stream::Unix(stream) => Some(stream),
            Stream::Memory(_) | Stream::Closed => None,
        }
    }
}
