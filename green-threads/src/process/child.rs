//! A program that runs.

use std::fmt;
use std::io::{self, Read};
use std::os::fd::OwnedFd;
use std::process::{ExitStatus, Output};

use crate::io::{Descriptor, PipeReader, PipeWriter};
use crate::registered::{Direction, Registered};
use crate::{Signal, Signals, scope};

/// A child process. As with the standard library's, dropping it lets it run; and so does killing a
/// green thread that waits for it.
pub struct Child {
    inner: std::process::Child,
    /// Readable when it has ended; nothing where the system has no such thing.
    end: Option<Registered<Descriptor<OwnedFd>>>,
    /// What is written here is its standard input, if that was asked for.
    pub stdin: Option<PipeWriter>,
    /// Its standard output, if that was asked for.
    pub stdout: Option<PipeReader>,
    /// Its standard error, if that was asked for.
    pub stderr: Option<PipeReader>,
}

impl Child {
    /// A child that was started by the standard library.
    ///
    /// # Errors
    ///
    /// When its pipes or its end cannot be watched, for want of descriptors. It is killed then, and
    /// not left behind.
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
                // It may have ended: then there is nothing to kill.
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

    /// Its number.
    pub fn id(&self) -> u32 {
        self.inner.id()
    }

    /// Kills it (SIGKILL); it is to be waited for after that.
    ///
    /// # Errors
    ///
    /// What the system says. It is none that it has ended.
    pub fn kill(&mut self) -> io::Result<()> {
        self.inner.kill()
    }

    /// How it ended, if it has.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn try_wait(&mut self) -> io::Result<Option<ExitStatus>> {
        self.inner.try_wait()
    }

    /// Waits for its end. Its standard input is closed first, so that a child which reads it to its
    /// end ends.
    ///
    /// # Errors
    ///
    /// What the system says.
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

    /// Waits for its end, and for all that it writes until then.
    ///
    /// # Errors
    ///
    /// What the system says.
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
        // Both at once: it may wait for room in one while the other is read.
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

/// Where no descriptor tells of a child's end, SIGCHLD tells of some child's.
fn wait_by_signals(child: &mut std::process::Child) -> io::Result<ExitStatus> {
    let ended = Signals::new(&[Signal::new(libc::SIGCHLD)])?;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        ended.wait();
    }
}

/// What tells of a child's end.
#[cfg(target_os = "linux")]
fn end_of(child: &std::process::Child) -> io::Result<Option<OwnedFd>> {
    use rustix::io::Errno;
    use rustix::process::{Pid, PidfdFlags, pidfd_open};

    // It has not been waited for, so the number is still its own.
    match pidfd_open(Pid::from_child(child), PidfdFlags::empty()) {
        Ok(end) => Ok(Some(end)),
        // Linux before 5.3, or a sandbox.
        Err(Errno::NOSYS | Errno::PERM) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What tells of a child's end.
#[cfg(not(target_os = "linux"))]
fn end_of(_: &std::process::Child) -> io::Result<Option<OwnedFd>> {
    Ok(None)
}

impl fmt::Debug for Child {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.inner.fmt(f)
    }
}
