//! The pipes to one worker, seen from the pool. Pipes block here, so a thread of its own writes:
//! whoever sends a job never waits for a worker that does not read.

use std::io::{self, PipeReader, Read, Write};
use std::os::windows::io::OwnedHandle;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::child::Life;
use crate::sync::{Condvar, Mutex, lock, wait};

/// Jobs go in here.
pub(in crate::process_pool) struct Outlet {
    sending: Mutex<Sending>,
    /// Wakes the thread that writes.
    changed: Condvar,
}

#[derive(Default)]
struct Sending {
    /// What is to be written next.
    frame: Option<Arc<Vec<u8>>>,
    /// What is being written, or was written last, if it is to be kept.
    kept: Option<Arc<Vec<u8>>>,
    closed: bool,
}

/// What is left of the frame that was sent last.
pub(in crate::process_pool) enum Leftover {
    /// The worker has not read a byte of it: here it is.
    Unread(Vec<u8>),
    /// It may have read it, and the frame was kept.
    Kept(Vec<u8>),
    Gone,
}

impl Outlet {
    /// Puts in a frame: to be written by [`flush`](Self::flush).
    pub(in crate::process_pool) fn load(&self, frame: Vec<u8>, keep: bool) {
        let frame = Arc::new(frame);
        let mut sending = lock(&self.sending);
        sending.kept = keep.then(|| Arc::clone(&frame));
        sending.frame = Some(frame);
    }

    /// Has it written. Never waits.
    pub(in crate::process_pool) fn flush(&self) {
        self.changed.notify_one();
    }

    /// Has the worker end when it has read what was sent.
    pub(in crate::process_pool) fn close(&self) {
        lock(&self.sending).closed = true;
        self.changed.notify_one();
    }

    /// Closes it for a worker that has ended, and says what is left of the last frame.
    pub(in crate::process_pool) fn finish(&self) -> Leftover {
        let mut sending = lock(&self.sending);
        sending.closed = true;
        self.changed.notify_one();
        let unwrap = |frame: Arc<Vec<u8>>| {
            Arc::try_unwrap(frame).unwrap_or_else(|shared| shared.as_ref().clone())
        };
        let kept = sending.kept.take();
        match (sending.frame.take(), kept) {
            (Some(frame), kept) => {
                drop(kept);
                Leftover::Unread(unwrap(frame))
            }
            (None, Some(kept)) => Leftover::Kept(unwrap(kept)),
            (None, None) => Leftover::Gone,
        }
    }

    /// Writes what is put in, until it is closed or nobody reads.
    fn write(&self, mut pipe: ChildStdin) {
        loop {
            let mut sending = lock(&self.sending);
            let frame = loop {
                if let Some(frame) = sending.frame.take() {
                    break frame;
                }
                if sending.closed {
                    return;
                }
                sending = wait(&self.changed, sending);
            };
            drop(sending);
            // The worker's end will be noticed.
            if pipe.write_all(&frame).is_err() {
                return;
            }
        }
    }
}

/// Answers come out here, until the worker ends.
#[derive(Clone)]
pub(in crate::process_pool) struct Channel {
    output: Arc<PipeReader>,
}

impl Channel {
    /// Whether [`read_now`](Self::read_now) never waits, so that several threads can read in turn.
    pub(in crate::process_pool) const NEVER_WAITS: bool = false;

    /// The pipes of a worker that has just been started.
    pub(in crate::process_pool) fn new(
        input: ChildStdin,
        output: ChildStdout,
        life: Arc<Life>,
    ) -> io::Result<(Self, Arc<Outlet>)> {
        let outlet = Arc::new(Outlet {
            sending: Mutex::new(Sending::default()),
            changed: Condvar::new(),
        });
        let writer = Arc::clone(&outlet);
        let name = format!("to-worker-{}", life.pid());
        thread::Builder::new()
            .name(name)
            .spawn(move || writer.write(input))?;
        let output = Arc::new(PipeReader::from(OwnedHandle::from(output)));
        Ok((Self { output }, outlet))
    }
}

impl Channel {
    /// Reads, and waits for what there will be.
    pub(in crate::process_pool) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.output).read(buffer)
    }

    /// Nothing: reading waits.
    #[expect(clippy::unused_self, reason = "as elsewhere")]
    pub(in crate::process_pool) fn wake(&self) {}

    /// Does not sleep: reading waits.
    #[expect(
        clippy::unused_self,
        clippy::unnecessary_wraps,
        reason = "as elsewhere"
    )]
    pub(in crate::process_pool) fn sleep(
        &self,
        _output: bool,
        _time: Option<Duration>,
    ) -> io::Result<bool> {
        Ok(false)
    }
}

impl Read for Channel {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.read_now(buffer)
    }
}
