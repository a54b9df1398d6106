//! The pipes to one worker, seen from the pool. Pipes block here, so a separate thread writes: the
//! sender of a job never waits for a worker that does not read.

use std::io::{self, PipeReader, Read, Write};
use std::os::windows::io::OwnedHandle;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::child::Life;
use crate::sync::{Condvar, Mutex, lock, wait};

/// The queue for jobs.
pub(in crate::process_pool) struct Outlet {
    sending: Mutex<Sending>,
    /// Wakes the writing thread.
    changed: Condvar,
}

#[derive(Default)]
struct Sending {
    /// The frame to write next.
    frame: Option<Arc<Vec<u8>>>,
    /// The frame that is being written, or was written last, if it must be kept.
    kept: Option<Arc<Vec<u8>>>,
    closed: bool,
}

/// The rest of the last frame.
pub(in crate::process_pool) enum Leftover {
    /// The worker has not read any byte of it.
    Unread(Vec<u8>),
    /// The worker may have read it, and the frame was kept.
    Kept(Vec<u8>),
    Gone,
}

impl Outlet {
    /// Stores a frame, which [`flush`](Self::flush) writes.
    pub(in crate::process_pool) fn load(&self, frame: Vec<u8>, keep: bool) {
        let frame = Arc::new(frame);
        let mut sending = lock(&self.sending);
        sending.kept = keep.then(|| Arc::clone(&frame));
        sending.frame = Some(frame);
    }

    /// Starts to write. Never waits.
    pub(in crate::process_pool) fn flush(&self) {
        self.changed.notify_one();
    }

    /// Makes the worker end after it has read everything that was sent.
    pub(in crate::process_pool) fn close(&self) {
        lock(&self.sending).closed = true;
        self.changed.notify_one();
    }

    /// Closes the queue of a worker that has ended, and returns the rest of the last frame.
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

    /// Writes frames until the queue is closed or the reader has ended.
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
            // The worker's end is detected elsewhere.
            if pipe.write_all(&frame).is_err() {
                return;
            }
        }
    }
}

/// The pipe for answers, until the worker ends.
#[derive(Clone)]
pub(in crate::process_pool) struct Channel {
    output: Arc<PipeReader>,
}

impl Channel {
    /// Whether [`read_now`](Self::read_now) never waits. Then several threads can read in turn.
    pub(in crate::process_pool) const NEVER_WAITS: bool = false;

    /// The pipes of a newly started worker.
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
    /// Reads, and waits for data.
    pub(in crate::process_pool) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.output).read(buffer)
    }

    /// Does nothing: reading waits.
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
