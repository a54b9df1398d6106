//! Pipes.

use std::fmt;
use std::io::{self, Read, Write};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::rc::Rc;

use super::Descriptor;
use crate::registered::{Direction, Registered};

/// Makes a pipe. Returns its two ends, as [`std::io::pipe`] does.
///
/// # Errors
///
/// When the system has no descriptors left.
///
/// # Examples
///
/// ```
/// use std::io::{Read, Write};
///
/// # fn main() -> std::io::Result<()> {
/// let (mut reader, mut writer) = green_threads::io::pipe()?;
/// let heard = green_threads::spawn(move || {
///     let mut heard = String::new();
///     reader.read_to_string(&mut heard).map(|_| heard)
/// });
/// writer.write_all(b"through the pipe")?;
/// drop(writer);
/// assert_eq!(heard.join().unwrap()?, "through the pipe");
/// # Ok(()) }
/// ```
pub fn pipe() -> io::Result<(PipeReader, PipeWriter)> {
    let (reader, writer) = io::pipe()?;
    let (reader, writer) = (OwnedFd::from(reader), OwnedFd::from(writer));
    Ok((PipeReader::try_from(reader)?, PipeWriter::try_from(writer)?))
}

/// The reading end of a pipe, also of a child's output.
pub struct PipeReader {
    inner: Rc<Registered<Descriptor<OwnedFd>>>,
}

/// The writing end of a pipe, also of a child's input.
pub struct PipeWriter {
    inner: Rc<Registered<Descriptor<OwnedFd>>>,
}

macro_rules! impl_end {
    ($end:ident) => {
        /// The descriptor becomes non-blocking, also for others that share its open file.
        impl TryFrom<OwnedFd> for $end {
            type Error = io::Error;

            fn try_from(descriptor: OwnedFd) -> io::Result<$end> {
                rustix::io::ioctl_fionbio(&descriptor, true)?;
                let inner = Rc::new(Registered::new(Descriptor(descriptor))?);
                Ok($end { inner })
            }
        }

        impl $end {
            /// Another handle of the same end, for another green thread of this hub.
            ///
            /// # Errors
            ///
            /// None. The signature is that of the standard library.
            pub fn try_clone(&self) -> io::Result<$end> {
                let inner = Rc::clone(&self.inner);
                Ok($end { inner })
            }
        }

        impl AsFd for $end {
            fn as_fd(&self) -> BorrowedFd<'_> {
                self.inner.as_fd()
            }
        }

        impl AsRawFd for $end {
            fn as_raw_fd(&self) -> RawFd {
                self.as_fd().as_raw_fd()
            }
        }

        impl fmt::Debug for $end {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($end))
                    .field(&self.as_fd())
                    .finish()
            }
        }
    };
}

impl_end!(PipeReader);
impl_end!(PipeWriter);

impl Read for &PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner
            .retry(Direction::Read, "read from a pipe", |end| {
                Ok(rustix::io::read(end, &mut *buffer)?)
            })
    }
}

impl Read for PipeReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for &PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.inner
            .retry(Direction::Write, "write to a pipe", |end| {
                Ok(rustix::io::write(end, bytes)?)
            })
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Write for PipeWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
