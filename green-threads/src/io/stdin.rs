//! Standard input.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::Errno;

use super::Descriptor;
use crate::hub;
use crate::registered::{Direction, Registered};

/// A handle of the process's standard input; see [`stdin`].
pub struct Stdin {
    source: Source,
}

enum Source {
    /// A terminal, a pipe or a socket.
    Watched(Registered<Descriptor<OwnedFd>>),
    /// A file. It is always ready, and the event loop does not accept it.
    File(OwnedFd),
}

/// A handle of the process's standard input.
///
/// It has no buffer: for lines, put it into a [`BufReader`](io::BufReader). Do not mix it with
/// [`std::io::stdin`], which has a buffer. Its descriptor is not made non-blocking, because that
/// would change it for the terminal and for other programs that share it. So if another process
/// takes the data between the event and the read, the read blocks the thread until more comes.
///
/// # Errors
///
/// When the system has no descriptors left.
///
/// # Examples
///
/// ```no_run
/// use std::io::{BufRead, BufReader};
///
/// # fn main() -> std::io::Result<()> {
/// for line in BufReader::new(green_threads::io::stdin()?).lines() {
///     println!("{}", line?);
/// }
/// # Ok(()) }
/// ```
pub fn stdin() -> io::Result<Stdin> {
    // A descriptor of its own, because another hub or handle may watch it too.
    let own = io::stdin().as_fd().try_clone_to_owned()?;
    let watched = own.try_clone()?;
    let source = match Registered::new(Descriptor(watched)) {
        Ok(watched) => Source::Watched(watched),
        Err(error) if error.raw_os_error() == Some(Errno::PERM.raw_os_error()) => Source::File(own),
        Err(error) => return Err(error),
    };
    Ok(Stdin { source })
}

impl Read for &Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match &self.source {
            Source::Watched(watched) => {
                watched.retry(Direction::Read, "standard input", |input| {
                    // Reading may block, so the system is asked first.
                    let mut asked = [PollFd::new(input, PollFlags::IN)];
                    match poll(&mut asked, Some(&Timespec::default()))? {
                        0 => Err(io::ErrorKind::WouldBlock.into()),
                        _ => Ok(rustix::io::read(input, &mut *buffer)?),
                    }
                })
            }
            Source::File(file) => {
                hub::with(|hub| hub.spend());
                Ok(rustix::io::retry_on_intr(|| {
                    rustix::io::read(file, &mut *buffer)
                })?)
            }
        }
    }
}

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl fmt::Debug for Stdin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Stdin")
    }
}
