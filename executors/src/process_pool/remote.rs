//! A job in the process pool: bytes to send, and a future to finish.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use super::core::Core;
use super::inbox::Inbox;
use super::{frame, registry};
use crate::backlog::Pending;
use crate::codec::{Answer, HEADROOM};
use crate::encoded::{Completion, EncodedJob};
use crate::error::Error;
use crate::panics;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::sync::{Mutex, lock};

// The free space before a payload: the frame's header, the jobs' type and number, and their time
// limit.
const _: () = assert!(HEADROOM == frame::HEADER + 16);

pub(super) struct RemoteJob {
    completion: Box<dyn Completion>,
    /// The frame, while the job is pending.
    frame: Mutex<Vec<u8>>,
    /// The number of jobs.
    pub(super) count: u32,
    pub(super) time_limit: Option<Duration>,
    retries: AtomicU32,
    /// The inbox for its answer, while it runs.
    inbox: Mutex<Option<Arc<Inbox>>>,
    core: Arc<Core>,
}

impl RemoteJob {
    pub(super) fn new(mut job: EncodedJob, core: &Arc<Core>) -> Result<Self, Error> {
        let index = registry::index_of(job.job_type())?;
        let time_limit = job.options().time_limit.or(core.config.job_timeout);
        let (count, retries) = (job.count(), job.options().retries);
        let mut frame = job.take_bytes();
        frame::address(&mut frame, index, count, time_limit);
        Ok(Self {
            // A new job always has a completion.
            completion: job.take_completion().ok_or(Error::ShutDown)?,
            frame: Mutex::new(frame),
            count,
            time_limit,
            retries: AtomicU32::new(retries),
            inbox: Mutex::new(None),
            core: Arc::clone(core),
        })
    }

    /// Claims the job for a worker. False if it was cancelled.
    pub(super) fn claim(&self) -> bool {
        self.completion.start()
    }

    /// The frame of a claimed job, with this sequence number.
    pub(super) fn take_frame(&self, sequence: u32) -> Vec<u8> {
        let mut frame = std::mem::take(&mut *lock(&self.frame));
        frame::set_sequence(&mut frame, sequence);
        frame
    }

    /// The job is being sent to the worker of this inbox.
    pub(super) fn is_sent_to(&self, inbox: Option<&Arc<Inbox>>) {
        // A job with a time limit needs the slot's thread, which reads its answer at once.
        if let (Some(inbox), Some(_)) = (inbox, self.time_limit) {
            inbox.attend();
        }
        *lock(&self.inbox) = inbox.cloned();
    }

    fn inbox(&self) -> Option<Arc<Inbox>> {
        lock(&self.inbox).clone()
    }

    /// Whether to keep the frame while the job runs, for a retry.
    pub(super) fn may_retry(&self) -> bool {
        self.retries.load(Ordering::Relaxed) > 0
    }

    /// Uses up one retry.
    pub(super) fn use_retry(&self) {
        self.retries.fetch_sub(1, Ordering::Relaxed);
    }

    /// Takes the claim back: the job will be sent again.
    pub(super) fn requeue(&self, frame: Vec<u8>) {
        *lock(&self.inbox) = None;
        *lock(&self.frame) = frame;
        self.completion.requeue();
    }

    /// Ends the job before it was started. Runs callbacks.
    pub(super) fn refuse(self: Arc<Self>, error: Error) {
        self.completion.refuse(error);
    }

    /// Ends a claimed job. Runs callbacks. If the future was dropped, the result is dropped here,
    /// which may run user code.
    pub(super) fn finish(self: Arc<Self>, answer: Answer<'_>) {
        // A stored future must not keep the worker's pipes open.
        *lock(&self.inbox) = None;
        panics::contain(move || {
            self.completion.finish(answer);
            drop(self);
        });
    }
}

impl Pending for Arc<RemoteJob> {
    fn is_pending(&self) -> bool {
        self.completion.is_pending()
    }
}

impl Owner for RemoteJob {
    fn cancelled(&self) {
        // Free the data of a cancelled job now.
        drop(std::mem::take(&mut *lock(&self.frame)));
        self.core.note_cancelled();
    }

    fn stop(&self) -> bool {
        self.core.stop(self)
    }

    fn help(&self) {
        // The answer to a job with a time limit is always read by the slot's thread.
        if self.time_limit.is_none()
            && let Some(inbox) = self.inbox()
        {
            inbox.help(&self.core);
        }
    }

    fn rest(&self) {
        if let Some(inbox) = self.inbox() {
            inbox.attend();
        }
    }

    fn pool(&self) -> Option<PoolId> {
        Some(self.core.id)
    }
}
