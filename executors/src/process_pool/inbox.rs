//! The answers of one worker, and who reads them.
//!
//! The slot's thread reads them: it sleeps until there is one. To wake it takes longer than all the rest of
//! a short job's way there and back. So a caller that waits for its job, and looks again and again
//! whether it is done, reads the answer itself. As long as callers do that, the thread leaves the answers
//! to them. It looks every [`TICK`] whether they still do, and reads again when they don't.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use super::core::Core;
use super::frame::{FrameError, FrameReader, Kind};
use super::slots::Stage;
use super::sys::Channel;
use crate::codec::Answer;
use crate::error::Error;
use crate::sync::{Mutex, lock};
use crate::worker_id::WorkerId;

/// How long an answer may lie there, twice, when callers have read the answers and stop doing so.
const TICK: Duration = Duration::from_millis(1);

pub(super) struct Inbox {
    /// The slot of the worker, and its process id.
    index: usize,
    pid: u32,
    channel: Channel,
    reading: Mutex<Reading>,
    /// Whether the thread leaves the answers to callers.
    left_to_callers: AtomicBool,
    /// How many answers callers have read.
    read_by_callers: AtomicU32,
}

struct Reading {
    frames: FrameReader<Channel>,
    /// What came that was no answer. Nothing is read after that.
    complaint: Option<String>,
}

/// What a look has found.
enum Found {
    Answer,
    Nothing,
    /// The worker has closed its end.
    End,
}

impl Inbox {
    pub(super) fn new(
        index: usize,
        pid: u32,
        channel: Channel,
        frames: FrameReader<Channel>,
    ) -> Self {
        Self {
            index,
            pid,
            channel,
            reading: Mutex::new(Reading {
                frames,
                complaint: None,
            }),
            left_to_callers: AtomicBool::new(false),
            read_by_callers: AtomicU32::new(0),
        }
    }

    /// Passes on answers until the worker ends; an error if what comes is none.
    pub(super) fn serve(&self, core: &Arc<Core>) -> Result<(), String> {
        let mut seen = 0;
        loop {
            let left = self.left_to_callers.load(Ordering::SeqCst);
            let Ok(ended) = self.channel.sleep(!left, left.then_some(TICK)) else {
                return Ok(());
            };
            if left && !ended {
                let now = self.read_by_callers.load(Ordering::Relaxed);
                if now == seen {
                    self.left_to_callers.store(false, Ordering::SeqCst);
                }
                seen = now;
                continue;
            }
            let mut reading = lock(&self.reading);
            loop {
                match self.look(core, &mut reading)? {
                    Found::Answer => {}
                    Found::Nothing if ended => return Ok(()),
                    Found::Nothing => break,
                    Found::End => return Ok(()),
                }
            }
        }
    }

    /// Passes on an answer, if there is one, for a thread that waits for it.
    pub(super) fn help(&self, core: &Arc<Core>) {
        if !Channel::NEVER_WAITS {
            return;
        }
        let Ok(mut reading) = self.reading.try_lock() else {
            return;
        };
        match self.look(core, &mut reading) {
            Ok(Found::Answer) => {
                self.read_by_callers.fetch_add(1, Ordering::Relaxed);
                // Not while there is a next job: a worker goes on while its callers are busy.
                let state = lock(&core.state);
                let idle = matches!(state.slots[self.index].stage, Stage::Idle { .. });
                self.left_to_callers.store(idle, Ordering::SeqCst);
            }
            // The end is for the slot's thread to find.
            Ok(Found::Nothing | Found::End) => {}
            Err(_) => {
                drop(reading);
                self.left_to_callers.store(false, Ordering::SeqCst);
                self.channel.wake();
            }
        }
    }

    /// No caller reads the next answer: the slot's thread has to.
    pub(super) fn attend(&self) {
        if self.left_to_callers.swap(false, Ordering::SeqCst) {
            self.channel.wake();
        }
    }

    /// Reads one answer, if it is there as a whole, and passes it on.
    fn look(&self, core: &Arc<Core>, reading: &mut Reading) -> Result<Found, String> {
        if let Some(what) = &reading.complaint {
            return Err(what.clone());
        }
        let found = self.read(core, &mut reading.frames);
        reading.complaint = found.as_ref().err().cloned();
        found
    }

    fn read(&self, core: &Arc<Core>, frames: &mut FrameReader<Channel>) -> Result<Found, String> {
        let frame = match frames.next_by(Channel::read_now) {
            Ok(Some(frame)) => frame,
            Err(FrameError::Io(error)) if error.kind() == io::ErrorKind::WouldBlock => {
                return Ok(Found::Nothing);
            }
            Ok(None) | Err(FrameError::Io(_)) => return Ok(Found::End),
            Err(FrameError::Garbage(what)) => return Err(what),
        };
        // Callbacks run on this thread now: what they wait for must not need the pool.
        let _needed = core.id.borrow_thread();
        let job = match frame.kind {
            Kind::Reply | Kind::TooLarge => core.answered(self.index, frame.sequence),
            Kind::Partial => core.overran(self.index, frame.sequence),
            Kind::Job | Kind::Hello => return Err("a frame that is no answer".to_owned()),
        };
        let job = job.ok_or("an answer to no question")?;
        let answer = match (frame.kind, frame.payload) {
            (Kind::TooLarge, size) => {
                let size = size.first_chunk().copied().unwrap_or_default();
                Answer::TooLarge(u64::from_le_bytes(size) as usize)
            }
            (Kind::Partial, payload) => {
                let (done, results) = payload.split_first_chunk().unwrap_or((&[0; 4], &[]));
                let done = u32::from_le_bytes(*done);
                let error = Error::Overran {
                    limit: job.time_limit.unwrap_or_default(),
                    worker: WorkerId::local(self.pid),
                    place: Some(done),
                };
                Answer::Partial {
                    results,
                    done,
                    error,
                }
            }
            (_, payload) => Answer::Results(payload),
        };
        job.finish(answer);
        Ok(Found::Answer)
    }
}
