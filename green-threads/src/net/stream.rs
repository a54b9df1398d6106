//! Reading and writing, for all kinds of streams.

use std::io::{self, IoSlice, IoSliceMut, Read, Write};
use std::time::Duration;

use event_loop::Source as Watched;

use crate::registered::{Direction, Registered};

impl<S: Watched> Registered<S>
where
    for<'a> &'a S: Read + Write,
{
    pub(super) fn read(&self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.retry(Direction::Read, "read", |mut socket| socket.read(buffer))?;
        if (1..buffer.len()).contains(&read) {
            self.drained(Direction::Read);
        }
        Ok(read)
    }

    pub(super) fn read_vectored(&self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
        self.retry(Direction::Read, "read", |mut socket| {
            socket.read_vectored(buffers)
        })
    }

    pub(super) fn write(&self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.retry(Direction::Write, "write", |mut socket| socket.write(bytes))?;
        if (1..bytes.len()).contains(&written) {
            self.drained(Direction::Write);
        }
        Ok(written)
    }

    pub(super) fn write_vectored(&self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.retry(Direction::Write, "write", |mut socket| {
            socket.write_vectored(buffers)
        })
    }
}

/// Zero would mean: time out before the first try. The standard library refuses it too.
pub(super) fn check_timeout(timeout: Option<Duration>) -> io::Result<Option<Duration>> {
    match timeout {
        Some(Duration::ZERO) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "a time-out of zero is not allowed: use None for no time-out",
        )),
        timeout => Ok(timeout),
    }
}

/// `Read` and `Write`, for a stream and for a reference to it, as in `std::net`.
macro_rules! impl_read_write {
    ($stream:ty) => {
        impl Read for &$stream {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.inner.read(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                self.inner.read_vectored(buffers)
            }
        }

        impl Write for &$stream {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.inner.write(bytes)
            }

            fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                self.inner.write_vectored(buffers)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl Read for $stream {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                (&*self).read(buffer)
            }

            fn read_vectored(&mut self, buffers: &mut [IoSliceMut<'_>]) -> io::Result<usize> {
                (&*self).read_vectored(buffers)
            }
        }

        impl Write for $stream {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                (&*self).write(bytes)
            }

            fn write_vectored(&mut self, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
                (&*self).write_vectored(buffers)
            }

            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }

        impl $stream {
            /// Another handle of the same socket, for another green thread of this hub.
            ///
            /// # Errors
            ///
            /// None. The signature is that of the standard library.
            pub fn try_clone(&self) -> io::Result<Self> {
                Ok(Self {
                    inner: Rc::clone(&self.inner),
                })
            }

            /// Shuts down reading, writing or both. Green threads that wait for it see the end.
            ///
            /// # Errors
            ///
            /// The system's error, for instance that the socket is not connected.
            pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
                self.inner.shutdown(how)
            }

            /// How long reading may wait. After that it is an error of kind `WouldBlock`, as in the
            /// standard library on Unix.
            ///
            /// # Errors
            ///
            /// When the time-out is zero.
            pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.inner.read_timeout.set(check_timeout(timeout)?);
                Ok(())
            }

            /// How long writing may wait; see `set_read_timeout`.
            ///
            /// # Errors
            ///
            /// When the time-out is zero.
            pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                self.inner.write_timeout.set(check_timeout(timeout)?);
                Ok(())
            }

            /// The time-out of reading, if there is one.
            ///
            /// # Errors
            ///
            /// None. The signature is that of the standard library.
            pub fn read_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.inner.read_timeout.get())
            }

            /// The time-out of writing, if there is one.
            ///
            /// # Errors
            ///
            /// None. The signature is that of the standard library.
            pub fn write_timeout(&self) -> io::Result<Option<Duration>> {
                Ok(self.inner.write_timeout.get())
            }

            /// The socket's pending error, if there is one. It is cleared.
            ///
            /// # Errors
            ///
            /// When the system call fails.
            pub fn take_error(&self) -> io::Result<Option<io::Error>> {
                self.inner.take_error()
            }
        }
    };
}

pub(super) use impl_read_write;
