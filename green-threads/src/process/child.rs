//! A running program.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Output};

use crate::io::{Descriptor, PipeReader, PipeWriter};
use crate::registered::{Direction, Registered};
use crate::{Signal, Signals, scope};

/// A child process. If this is dropped, the child goes on, as with the standard library. It also
/// goes on if the green thread that waits for it is killed.
pub struct Child {
    inner: std::process::Child,
    /// Readable when the child has ended; `None` if the system has no such descriptor.
    end: Option<Registered<Descriptor<OwnedFd>>>,
    /// The child's standard input, if it was asked for.
    pub stdin: Option<PipeWriter>,
    /// The child's standard output, if it was asked for.
    pub stdout: Option<PipeReader>,
    /// The child's standard error, if it was asked for.
    pub stderr: Option<PipeReader>,
}

impl Child {
    /// Takes a child that the standard library has started.
    ///
    /// # Errors
    ///
    /// When its pipes or its end cannot be watched for want of descriptors. The child is then
    /// killed, so that it is not left behind.
    pub(super) fn new(mut inner: std::process::Child) -> io::Result<Child> {
        match Self::watch(&mut inner) {
            Ok((end, stdin, stdout, stderr)) => Ok(Child {
                inner,
                end,
                stdin,
                stdout,
                stderr,
            }),
            Err(error) => {
                // It may have ended already: then there is nothing to kill.
                let _ = inner.kill();
                let _ = inner.wait();
                Err(error)
            }
        }
    }

    #[allow(
        clippy::type_complexity,
        reason = "the fields of a child, in their order"
    )]
    fn watch(
        inner: &mut std::process::Child,
    ) -> io::Result<(
        Option<Registered<Descriptor<OwnedFd>>>,
        Option<PipeWriter>,
        Option<PipeReader>,
        Option<PipeReader>,
    )> {
        let end = end_of(inner)?.map(|end| Registered::new(Descriptor(end)));
        let stdin = inner.stdin.take().map(OwnedFd::from);
        let stdout = inner.stdout.take().map(OwnedFd::from);
        let stderr = inner.stderr.take().map(OwnedFd::from);
        Ok((
            end.transpose()?,
            stdin.map(PipeWriter::try_from).transpose()?,
            stdout.map(PipeReader::try_from).transpose()?,
            stderr.map(PipeReader::try_from).transpose()?,
        ))
    }

    /// Its process number.
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// Kills it (SIGKILL). Wait for it after that.
    ///
    /// # Errors
    ///
    /// The system's error. It is no error if the child has ended already.
    pub fn kill(&mut self) -> io::Result<()> {
        self.inner.kill()
    }

    /// Its exit status, if it has ended.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.inner.try_wait()
    }

    /// Waits for its end. It closes the child's standard input first, so that a child that reads
    /// its input to the end can end.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn wait(&mut self) -> io::Result<ExitStatus> {
        self.stdin = None;
        let Child { inner, end, .. } = self;
        let Some(end) = end else {
            return wait_by_signals(inner);
        };
        end.retry(Direction::Read, "the end of a process", |_| {
            let ended = inner.try_wait()?;
            ended.ok_or_else(|| io::ErrorKind::WouldBlock.into())
        })
    }

    /// Waits for its end, and reads all its output until then.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn wait_with_output(mut self) -> io::Result<Output> {
        fn all(pipe: Option<PipeReader>) -> io::Result<Vec<u8>> {
            let mut bytes = Vec::new();
            if let Some(mut pipe) = pipe {
                pipe.read_to_end(&mut bytes)?;
            }
            Ok(bytes)
        }
        self.stdin = None;
        let (out, err) = (self.stdout.take(), self.stderr.take());
        // Both at once: the child may wait for room in one pipe while the other is read.
        let (stdout, stderr) = match (out, err) {
            (Some(out), Some(err)) => scope(|scope| {
                let err = scope.spawn(|| all(Some(err)));
                let out = all(Some(out));
                (
                    out,
                    err.join()
                        .unwrap_or_else(|error| Err(io::Error::other(error))),
                )
            }),
            (out, err) => (all(out), all(err)),
        };
        Ok(Output {
            stdout: stdout?,
            stderr: stderr?,
            status: self.wait()?,
        })
    }
}

/// Waits without a descriptor for the child's end: SIGCHLD reports that some child has ended.
fn wait_by_signals(child: &mut std::process::Child) -> io::Result<ExitStatus> {
    let ended = Signals::new(&[Signal::new(libc::SIGCHLD)])?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        ended.wait();
    }
}

/// The descriptor of a child's end.
#[cfg(target_os = "linux")]
fn end_of(child: &std::process::Child) -> io::Result<Option<OwnedFd>> {
    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    // The child was not waited for, so its number still belongs to it.
    match pidfd_open(Pid::from_child(child), PidfdFlags::empty()) {
        Ok(end) => Ok(Some(end)),
        // Linux before 5.3, or a sandbox.
        Err(Errno::NOSYS | Errno::PERM) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The descriptor of a child's end: this system has none.
#[cfg(not(target_os = "linux"))]
fn end_of(_: &std::process::Child) -> io::Result<Option<OwnedFd>> {
    Ok(None)
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
