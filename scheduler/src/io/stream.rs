//! The common part of TCP and Unix streams.

use std::io::{self, ErrorKind, IoSlice, IoSliceMut, Read, Write};
use std::net::Shutdown;
use std::pin::Pin;
use std::task::{Context, Poll};

use event_loop::{Interest, Source, net};
use futures_io::{AsyncRead, AsyncWrite};

use super::source::{Registered, Side};
use super::{TcpStream, UnixStream};

/// A connection of mio, as both kinds of stream have it.
pub(super) trait Connection: Source + Sized {
    fn peek(&self) -> io::Result<()>;
    fn take_error(&self) -> io::Result<Option<io::Error>>;
    fn is_connected(&self) -> io::Result<bool>;
    fn shutdown(&self, how: Shutdown) -> io::Result<()>;
}

fn connected<T>(peer: io::Result<T>) -> io::Result<bool> {
    match peer {
        Ok(_) => Ok(true),
        Err(error) if error.kind() == ErrorKind::NotConnected => Ok(false),
        Err(error) => Err(error),
    }
}

impl Connection for net::TcpStream {
    fn peek(&self) -> io::Result<()> {
        self.peek(&mut [0]).map(drop)
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn is_connected(&self) -> io::Result<bool> {
        connected(self.peer_addr())
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

impl Connection for net::UnixStream {
    fn peek(&self) -> io::Result<()> {
        #[cfg(unix)]
        rustix::net::recv(self, &mut [0], rustix::net::RecvFlags::PEEK)?;
        Ok(())
    }

    fn take_error(&self) -> io::Result<Option<io::Error>> {
        self.take_error()
    }

    fn is_connected(&self) -> io::Result<bool> {
        connected(self.peer_addr())
    }

    fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        self.shutdown(how)
    }
}

impl<S: Connection> Registered<S> {
    pub(super) fn stream(socket: S) -> io::Result<Registered<S>> {
        Registered::new(socket, Interest::READABLE | Interest::WRITABLE)
    }

    pub(super) async fn connected(&self) -> io::Result<()> {
        let connected = |socket: &S| match socket.take_error()? {
            Some(error) => Err(error),
            None if socket.is_connected()? => Ok(()),
            None => Err(ErrorKind::WouldBlock.into()),
        };
        self.operate(Side::WRITE, connected).await
    }

    pub(super) async fn readable(&self) -> io::Result<()> {
        self.operate(Side::READ, S::peek).await
    }

    fn poll_close(&self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll(Side::WRITE, context, |socket| {
            match socket.shutdown(Shutdown::Write) {
                // The other end has closed it already.
                Err(error) if error.kind() == ErrorKind::NotConnected => Ok(()),
                done => done,
            }
        })
    }
}

/// The methods of a stream, and the traits of futures-io, for a stream and for references to it.
macro_rules! stream {
    ($stream:ident, $socket:ty) => {
        impl $stream {
            /// Waits for data, and reads. 0 means the end of the stream, or that `buffer` is empty:
            /// then it does not wait, as `read(2)` does not.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub async fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
                if buffer.is_empty() {
                    return Ok(0);
                }
                let read = |mut socket: &$socket| socket.read(buffer);
                self.socket.operate(Side::READ, read).await
            }

            /// Waits until there may be data to read. It needs no buffer.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub async fn readable(&self) -> io::Result<()> {
                self.socket.readable().await
            }

            /// Waits until the socket accepts data, and writes some of it.
            ///
            /// # Errors
            ///
            /// The system's error.
            pub async fn write(&self, bytes: &[u8]) -> io::Result<usize> {
                let write = |mut socket: &$socket| socket.write(bytes);
                self.socket.operate(Side::WRITE, write).await
            }

            /// Writes all of it.
            ///
            /// # Errors
            ///
            /// The system's error. Some of it may have been written then, and also when this future
            /// is dropped.
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
            /// The system's error.
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.socket.get().shutdown(how)
            }
        }

        impl AsyncRead for &$stream {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                if buffer.is_empty() {
                    return Poll::Ready(Ok(0));
                }
                let read = |mut socket: &$socket| socket.read(buffer);
                self.socket.poll(Side::READ, context, read)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                if buffers.iter().all(|buffer| buffer.is_empty()) {
                    return Poll::Ready(Ok(0));
                }
                let read = |mut socket: &$socket| socket.read_vectored(buffers);
                self.socket.poll(Side::READ, context, read)
            }
        }

        impl AsyncRead for $stream {
            fn poll_read(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffer: &mut [u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &*self).poll_read(context, buffer)
            }

            fn poll_read_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                buffers: &mut [IoSliceMut<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &*self).poll_read_vectored(context, buffers)
            }
        }

        impl AsyncWrite for &$stream {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                let write = |mut socket: &$socket| socket.write(bytes);
                self.socket.poll(Side::WRITE, context, write)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                let write = |mut socket: &$socket| socket.write_vectored(bytes);
                self.socket.poll(Side::WRITE, context, write)
            }

            fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
                // Nothing is buffered here.
                Poll::Ready(Ok(()))
            }

            fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                self.socket.poll_close(context)
            }
        }

        impl AsyncWrite for $stream {
            fn poll_write(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[u8],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &*self).poll_write(context, bytes)
            }

            fn poll_write_vectored(
                self: Pin<&mut Self>,
                context: &mut Context<'_>,
                bytes: &[IoSlice<'_>],
            ) -> Poll<io::Result<usize>> {
                Pin::new(&mut &*self).poll_write_vectored(context, bytes)
            }

            fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut &*self).poll_flush(context)
            }

            fn poll_close(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
                Pin::new(&mut &*self).poll_close(context)
            }
        }
    };
}

stream!(TcpStream, net::TcpStream);
stream!(UnixStream, net::UnixStream);

/// Methods of every socket of this room: `AsFd` and `Debug`.
macro_rules! descriptor {
    ($($socket:ident),+) => {$(
        #[cfg(unix)]
        impl std::os::fd::AsFd for $socket {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.socket.get().as_fd()
            }
        }

        #[cfg(unix)]
        impl std::os::fd::AsRawFd for $socket {
            fn as_raw_fd(&self) -> std::os::fd::RawFd {
                self.socket.get().as_raw_fd()
            }
        }

        impl std::fmt::Debug for $socket {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.socket.get().fmt(f)
            }
        }
    )+};
}

pub(super) use descriptor;
