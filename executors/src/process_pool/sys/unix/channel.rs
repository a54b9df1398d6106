//! The pipes to one worker, seen from the pool. A worker that does not read can't block their
//! users, and neither can a process that a job started and that keeps the pipes open.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::OwnedFd;
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};

use super::child::Life;
use super::{LARGE, widen};
use crate::sync::{Mutex, lock};

/// The pipe for jobs. The sender writes as much as there is space for; the thread that reads the
/// worker's answers writes the rest.
pub(in crate::process_pool) struct Outlet {
    sending: Mutex<Sending>,
    /// A pipe that wakes that thread.
    wake: PipeWriter,
}

struct Sending {
    /// `None` when nothing more will be sent.
    pipe: Option<Arc<ChildStdin>>,
    /// The last frame.
    frame: Vec<u8>,
    written: usize,
    /// Whether to keep the frame after it was written.
    keep: bool,
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
        let mut sending = lock(&self.sending);
        sending.frame = frame;
        sending.written = 0;
        sending.keep = keep;
    }

    /// Writes as much as there is space for. Never waits.
    pub(in crate::process_pool) fn flush(&self) {
        let mut sending = lock(&self.sending);
        if sending.frame.len() > LARGE
            && let Some(pipe) = &sending.pipe
        {
            widen(&**pipe);
        }
        sending.write();
        let rest = sending.wants_room();
        drop(sending);
        if rest {
            self.wake();
        }
    }

    /// Wakes the thread that reads the answers.
    fn wake(&self) {
        // If the wake pipe is full, the thread is being woken already.
        let _ = (&self.wake).write(&[0]);
    }

    /// Makes the worker end after it has read everything that was sent.
    pub(in crate::process_pool) fn close(&self) {
        lock(&self.sending).pipe = None;
    }

    /// Closes the pipe of a worker that has ended, and returns the rest of the last frame.
    pub(in crate::process_pool) fn finish(&self) -> Leftover {
        let mut sending = lock(&self.sending);
        let frame = std::mem::take(&mut sending.frame);
        let pipe = sending.pipe.take();
        if frame.is_empty() {
            return Leftover::Gone;
        }
        // The bytes that are still in the pipe were not read.
        let unread = pipe.and_then(|pipe| ioctl_fionread(&*pipe).ok());
        if sending.written == 0 || unread == Some(sending.written as u64) {
            Leftover::Unread(frame)
        } else if sending.keep {
            Leftover::Kept(frame)
        } else {
            Leftover::Gone
        }
    }
}

impl Sending {
    fn wants_room(&self) -> bool {
        self.pipe.is_some() && self.written < self.frame.len()
    }

    fn write(&mut self) {
        let Some(mut pipe) = self.pipe.as_deref() else {
            return;
        };
        while self.written < self.frame.len() {
            match pipe.write(&self.frame[self.written..]) {
                Ok(count) if count > 0 => self.written += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                // The pipe is full; or its reader has ended, which is detected elsewhere.
                _ => return,
            }
        }
        // A pipe holds 64 KiB: if a longer frame was written completely, some of it was read.
        if !self.keep && self.frame.len() > LARGE {
            self.frame = Vec::new();
            self.written = 0;
        }
    }
}

/// How often to check whether a worker has ended, if there is no descriptor for that.
const ASK_EVERY: Duration = Duration::from_millis(50);

/// The pipe for answers, until the worker ends.
#[derive(Clone)]
pub(in crate::process_pool) struct Channel {
    ends: Arc<Ends>,
}

struct Ends {
    output: PipeReader,
    outlet: Arc<Outlet>,
    life: Arc<Life>,
    wake: PipeReader,
}

impl Channel {
    /// Whether [`read_now`](Self::read_now) never waits. Then several threads can read in turn.
    pub(in crate::process_pool) const NEVER_WAITS: bool = true;

    /// The pipes of a newly started worker.
    pub(in crate::process_pool) fn new(
        input: ChildStdin,
        output: ChildStdout,
        life: Arc<Life>,
    ) -> io::Result<(Self, Arc<Outlet>)> {
        // Only this side becomes non-blocking; the worker's ends are separate.
        ioctl_fionbio(&input, true)?;
        ioctl_fionbio(&output, true)?;
        let (wake, waker) = io::pipe()?;
        ioctl_fionbio(&wake, true)?;
        ioctl_fionbio(&waker, true)?;
        let outlet = Arc::new(Outlet {
            sending: Mutex::new(Sending {
                pipe: Some(Arc::new(input)),
                frame: Vec::new(),
                written: 0,
                keep: false,
            }),
            wake: waker,
        });
        let ends = Arc::new(Ends {
            output: PipeReader::from(OwnedFd::from(output)),
            outlet: Arc::clone(&outlet),
            life,
            wake,
        });
        Ok((Self { ends }, outlet))
    }

    /// Reads the available bytes; [`WouldBlock`](io::ErrorKind::WouldBlock) if there are none.
    pub(in crate::process_pool) fn read_now(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&self.ends.output).read(buffer)
    }

    /// Wakes the thread that sleeps in [`sleep`](Self::sleep).
    pub(in crate::process_pool) fn wake(&self) {
        self.ends.outlet.wake();
    }

    /// Sleeps until there is something to read (unless `output` is false), the time is over, or it
    /// is woken; possibly shorter. Returns true if the worker has ended; its last output may still
    /// be unread.
    pub(in crate::process_pool) fn sleep(
        &self,
        output: bool,
        time: Option<Duration>,
    ) -> io::Result<bool> {
        let Ends {
            outlet, life, wake, ..
        } = &*self.ends;
        // The outlet is not locked while this waits.
        let sending = lock(&outlet.sending);
        let room = sending.pipe.clone().filter(|_| sending.wants_room());
        drop(sending);
        let end = life.end();
        let time = match end {
            Some(_) => time,
            None => Some(time.unwrap_or(ASK_EVERY).min(ASK_EVERY)),
        };
        let timeout = time.map(|time| Timespec {
            tv_sec: time.as_secs() as i64,
            tv_nsec: time.subsec_nanos().into(),
        });
        let mut ends = Vec::with_capacity(4);
        ends.push(PollFd::new(wake, PollFlags::IN));
        ends.extend(end.map(|end| PollFd::new(end, PollFlags::IN)));
        ends.extend(
            room.as_deref()
                .map(|room| PollFd::new(room, PollFlags::OUT)),
        );
        if output {
            ends.push(PollFd::new(&self.ends.output, PollFlags::IN));
        }
        match poll(&mut ends, timeout.as_ref()) {
            Err(Errno::INTR) => return Ok(false),
            result => result?,
        };
        let ready = |at: usize| ends.get(at).is_some_and(|end| !end.revents().is_empty());
        if ready(0) {
            let mut sink = [0; 64];
            // The byte was only sent to wake this thread.
            let _ = (&self.ends.wake).read(&mut sink);
        }
        let has_room = room.is_some() && ready(1 + usize::from(end.is_some()));
        let has_ended = match end {
            Some(_) => ready(1),
            None => life.has_ended(),
        };
        if has_room {
            lock(&outlet.sending).write();
        }
        Ok(has_ended)
    }
}

impl Read for Channel {
    /// Reads as usual, except for the end: it is the worker's end, even if another process keeps
    /// the pipe open.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let would_block = |result: &io::Result<usize>| matches!(result, Err(error) if error.kind() == io::ErrorKind::WouldBlock);
        loop {
            let result = self.read_now(buffer);
            if !would_block(&result) {
                return result;
            }
            if self.sleep(true, None)? {
                // Read the output that the worker wrote before its end.
                let result = self.read_now(buffer);
                return if would_block(&result) { Ok(0) } else { result };
            }
        }
    }
}
