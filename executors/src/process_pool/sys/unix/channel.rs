//! The pipes to one worker, seen from the pool: neither a worker that does not read, nor a process
//! that it left behind with the pipes open, can hold up whoever uses them.

use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::process::{ChildStdin, ChildStdout};
use std::sync::Arc;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread};

use super::child::Life;
use super::{LARGE, widen};
use crate::sync::{Mutex, lock};

/// Jobs go in here. Whoever sends one writes as much as there is room for; the thread that reads
/// the worker's answers writes the rest.
pub(in crate::process_pool) struct Outlet {
    sending: Mutex<Sending>,
    /// Wakes that thread.
    wake: PipeWriter,
}

struct Sending {
    /// `None` when nothing is to be sent any more.
    pipe: Option<Arc<ChildStdin>>,
    /// The frame sent last.
    frame: Vec<u8>,
    written: usize,
    /// Whether it is to be kept when it has been written.
    keep: bool,
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
        let mut sending = lock(&self.sending);
        sending.frame = frame;
        sending.written = 0;
        sending.keep = keep;
    }

    /// Writes what there is room for. Never waits.
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
            // If its pipe is full, the thread is being woken.
            let _ = (&self.wake).write(&[0]);
        }
    }

    /// Has the worker end when it has read what was sent.
    pub(in crate::process_pool) fn close(&self) {
        lock(&self.sending).pipe = None;
    }

    /// Closes it for a worker that has ended, and says what is left of the last frame.
    pub(in crate::process_pool) fn finish(&self) -> Leftover {
        let mut sending = lock(&self.sending);
        let frame = std::mem::take(&mut sending.frame);
        let pipe = sending.pipe.take();
        if frame.is_empty() {
            return Leftover::Gone;
        }
        // What the pipe still holds has not been read.
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
                // It is full; or nobody reads, and the worker's end will be noticed.
                _ => return,
            }
        }
        // A pipe holds 64 KiB: of what is longer and has been written, some has been read.
        if !self.keep && self.frame.len() > LARGE {
            self.frame = Vec::new();
            self.written = 0;
        }
    }
}

/// Answers come out here, until the worker ends.
pub(in crate::process_pool) struct Channel {
    output: ChildStdout,
    outlet: Arc<Outlet>,
    life: Arc<Life>,
    wake: PipeReader,
}

impl Channel {
    /// The pipes of a worker that has just been started.
    pub(in crate::process_pool) fn new(
        input: ChildStdin,
        output: ChildStdout,
        life: Arc<Life>,
    ) -> io::Result<(Self, Arc<Outlet>)> {
        // Only this end is changed: the worker's end is another.
        ioctl_fionbio(&input, true)?;
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
        let channel = Self {
            output,
            outlet: Arc::clone(&outlet),
            life,
            wake,
        };
        Ok((channel, outlet))
    }

    /// Waits until there is something to read; false if the worker has ended and there is nothing.
    fn wait(&self, timeout: Option<&Timespec>) -> io::Result<Event> {
        // The outlet is not locked while this waits.
        let sending = lock(&self.outlet.sending);
        let room = sending.pipe.clone().filter(|_| sending.wants_room());
        drop(sending);
        let mut ends = Vec::with_capacity(4);
        ends.push(PollFd::new(&self.output, PollFlags::IN));
        ends.push(PollFd::new(&self.wake, PollFlags::IN));
        if let Some(end) = self.life.end() {
            ends.push(PollFd::new(end, PollFlags::IN));
        }
        if let Some(room) = &room {
            ends.push(PollFd::new(&**room, PollFlags::OUT));
        }
        let count = match poll(&mut ends, timeout) {
            Ok(count) => count,
            Err(Errno::INTR) => return Ok(Event::None),
            Err(error) => return Err(error.into()),
        };
        let ready = |at: usize| ends.get(at).is_some_and(|end| !end.revents().is_empty());
        if ready(0) {
            return Ok(Event::Output);
        }
        if ready(1) {
            let mut sink = [0; 64];
            // It is only there to wake us.
            let _ = (&self.wake).read(&mut sink);
        }
        if room.is_some() && ready(ends.len() - 1) {
            return Ok(Event::Room);
        }
        if self.life.end().is_some() && ready(2) {
            return Ok(Event::End);
        }
        if count == 0 && timeout.is_some() && self.life.end().is_none() && self.life.has_ended() {
            return Ok(Event::End);
        }
        Ok(Event::None)
    }
}

enum Event {
    Output,
    Room,
    End,
    None,
}

impl Read for Channel {
    /// As usual, but for the end: that has come when the worker has ended, whoever else holds the
    /// pipe open.
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let now = Timespec {
            tv_sec: 0,
            tv_nsec: 0,
        };
        let there = || {
            let mut ends = [PollFd::new(&self.output, PollFlags::IN)];
            !matches!(poll(&mut ends, Some(&now)), Ok(0))
        };
        // This thread does not spin before it sleeps: the caller and the worker do, and a third would
        // take the CPU from one of them where there are two.
        loop {
            // Without a descriptor for its end, it is asked from time to time.
            let pause = Timespec {
                tv_sec: 0,
                tv_nsec: 50_000_000,
            };
            let timeout = self.life.end().is_none().then_some(&pause);
            match self.wait(timeout)? {
                Event::Output => break,
                Event::Room => lock(&self.outlet.sending).write(),
                // What it wrote before it ended is still to be read.
                Event::End if there() => break,
                Event::End => return Ok(0),
                Event::None => {}
            }
        }
        self.output.read(buffer)
    }
}
