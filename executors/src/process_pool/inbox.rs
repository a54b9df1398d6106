//! The answers of one worker.
//!
//! Usually the slot's thread reads them: it sleeps until there is one. But its wake-up takes longer
//! than the whole round trip of a short job. So a caller that waits for its job, and is still
//! spinning, reads the answer itself. While callers do that, the thread leaves the answers to them.
//! Every [`TICK`] it checks whether they still do. If not, it reads again.

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

/// The delay of an answer, at most twice this, when callers stop reading answers.
const TICK: Duration = Duration::from_millis(1);

pub(super) struct Inbox {
    /// The slot of the worker, and its process id.
    index: usize,
    pid: u32,
    channel: Channel,
    reading: Mutex<Reading>,
    /// Whether the thread leaves the answers to callers.
    left_to_callers: AtomicBool,
    /// The number of answers that callers have read.
    read_by_callers: AtomicU32,
}

struct Reading {
    frames: FrameReader<Channel>,
    /// The error of data that was not an answer. Nothing is read after that.
    complaint: Option<String>,
}

/// The result of one look.
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

    /// Passes on answers until the worker ends. Returns an error for data that is not an answer.
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

    /// Passes on an answer, if there is one, on behalf of a waiting thread.
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
                // Leave the next answer to callers only if the worker has no next job: otherwise the
                // worker must not wait for callers that are busy.
                let state = lock(&core.state);
                let idle = matches!(state.slots[self.index].stage, Stage::Idle { .. });
                self.left_to_callers.store(idle, Ordering::SeqCst);
            }
            // The slot's thread handles the end.
            Ok(Found::Nothing | Found::End) => {}
            Err(_) => {
                drop(reading);
                self.left_to_callers.store(false, Ordering::SeqCst);
                self.channel.wake();
            }
        }
    }

    /// No caller will read the next answer, so the slot's thread must.
    pub(super) fn attend(&self) {
        if self.left_to_callers.swap(false, Ordering::SeqCst) {
            self.channel.wake();
        }
    }

    /// Reads one answer, if it is complete, and passes it on.
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
        // Callbacks run on this thread now. They must not wait for jobs of this pool.
        let _needed = core.id.borrow_thread();
        let job = match frame.kind {
            Kind::Reply | Kind::TooLarge => core.answered(self.index, frame.sequence),
            Kind::Partial => core.overran(self.index, frame.sequence),
            Kind::Job | Kind::Hello => return Err("a frame that is not an answer".to_owned()),
        };
        let job = job.ok_or("an answer to a job that was not sent")?;
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
