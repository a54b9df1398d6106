//! Decides which worker runs which job. All decisions of a process pool are made under one lock.
//!
//! There is a *slot* for each worker that the pool may have. A slot has a thread while it has a
//! worker (`life.rs`): it starts the process, reads its replies, and waits for its end. The
//! submitting thread writes a job directly into the pipe of an idle worker. If there is none, the
//! job waits in the backlog, from which the slots' threads take it. A worker gets one job (or
//! chunk) at a time. So a dying worker costs exactly one job, no job waits behind a long one while
//! other workers are idle, and a job that has not started can be cancelled.
//!
//! Locks are taken in the order state, future, outlet, child. No user code runs under any of them,
//! and no thread waits under any of them. The lock of an inbox (`inbox.rs`) comes before all of
//! them: its holder reads an answer and runs the callbacks of its job, on a thread that counts as
//! the pool's during that time.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::config::Config;
use super::remote::RemoteJob;
use super::slots::{Ending, Stage, State};
use super::sys::Outlet;
use crate::encoded::EncodedJob;
use crate::error::Error;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::sync::{Condvar, Mutex, lock, wait_until};

/// How long an idle worker has to end. It only has to leave `main` (flush, run exit handlers). A
/// worker that hangs there is then killed.
const FAREWELL: Duration = Duration::from_secs(5);

/// The further time for a chunk after its time limit: its worker sends the finished results, and
/// ends. If it does not, it is killed.
const CHUNK_GRACE: Duration = Duration::from_secs(1);

pub(super) struct Core {
    pub(super) id: PoolId,
    pub(super) config: Config,
    pub(super) state: Mutex<State>,
    /// Signalled when the backlog has space.
    pub(super) room: Condvar,
    /// Signalled when a slot starts, is ready or ends, and when the pool closes.
    pub(super) changed: Condvar,
    /// Signalled when the clock has to wake up earlier than planned.
    pub(super) alarm: Condvar,
}

impl Core {
    pub(super) fn new(workers: usize, config: Config) -> Self {
        Self {
            id: PoolId::new(),
            state: Mutex::new(State::new(workers, config.queue_limit)),
            config,
            room: Condvar::new(),
            changed: Condvar::new(),
            alarm: Condvar::new(),
        }
    }

    /// Sends a job to an idle worker, or queues it. If the queue is full, it waits as long as the
    /// job's options allow.
    pub(super) fn submit(self: &Arc<Self>, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        // This may be a callback, on a thread that the pool needs to make space.
        let patience = job.options().patience.unless(self.id.is_here());
        let job = Arc::new(RemoteJob::new(job, self)?);
        let mut state = lock(&self.state);
        loop {
            if let Some(reason) = &state.end.closed {
                return Err(reason.clone());
            }
            if let Some(index) = state.idle.pop() {
                state.account.counters.submitted += 1;
                if !job.claim() {
                    // A job that shares its future with others may be cancelled already.
                    state.idle.push(index);
                    return Ok(job);
                }
                let outlet = self.assign(&mut state, index, Arc::clone(&job));
                drop(state);
                flush(outlet);
                return Ok(job);
            }
            if !state.backlog.is_full() {
                break;
            }
            let full = Error::QueueFull {
                limit: state.backlog.limit(),
            };
            let deadline = patience.deadline().ok_or_else(|| full.clone())?;
            state.blocked += 1;
            let guard = wait_until(&self.room, state, deadline);
            let timed_out = guard.is_none();
            state = guard.unwrap_or_else(|| lock(&self.state));
            state.blocked -= 1;
            if timed_out && state.backlog.is_full() && state.idle.is_empty() {
                return Err(full);
            }
        }
        state.account.counters.submitted += 1;
        state.backlog.push(Arc::clone(&job));
        if state.backlog.len() == 1 {
            state.attend();
        }
        let abandoned = self.staff(&mut state);
        drop(state);
        abandoned.refuse();
        Ok(job)
    }

    /// Makes a slot busy with a claimed job. The caller flushes the returned outlet after releasing
    /// the lock.
    fn assign(&self, state: &mut State, index: usize, job: Arc<RemoteJob>) -> Option<Arc<Outlet>> {
        let sequence = state.sequence;
        state.sequence = sequence.wrapping_add(1);
        state.account.counters.started += 1;
        let grace = if job.count > 1 {
            CHUNK_GRACE
        } else {
            Duration::ZERO
        };
        let limit = job.time_limit.map(|limit| limit.saturating_add(grace));
        let deadline = self.deadline(state, limit);
        let slot = &mut state.slots[index];
        let outlet = slot.worker.as_ref().map(|worker| &worker.outlet).cloned();
        if let Some(outlet) = &outlet {
            // This is done under the lock: whatever happens to the worker, its thread finds the job
            // and the frame together.
            outlet.load(job.take_frame(sequence), job.may_retry());
        }
        job.is_sent_to(
            slot.worker
                .as_ref()
                .and_then(|worker| worker.inbox.as_ref()),
        );
        slot.stage = Stage::Busy {
            job,
            sequence,
            deadline,
        };
        outlet
    }

    /// The time `limit` from now. The clock is notified of it.
    pub(super) fn deadline(&self, state: &mut State, limit: Option<Duration>) -> Option<Instant> {
        let limit = limit?;
        let deadline = Instant::now().checked_add(limit)?;
        if state.clock.next_look.is_none_or(|next| deadline < next) {
            state.clock.next_look = Some(deadline);
            self.alarm.notify_all();
        }
        Some(deadline)
    }

    /// Makes a slot end its idle worker.
    pub(super) fn retire(&self, state: &mut State, index: usize, ending: Ending) {
        state.forget_idle(index);
        let deadline = self.deadline(state, Some(FAREWELL));
        state.slots[index].retire(ending, deadline);
    }

    /// Gives an idle worker the next job, or lets it rest, or ends it.
    pub(super) fn next_job(&self, state: &mut State, index: usize) -> Option<Arc<Outlet>> {
        if state.slots[index].ending.is_some() {
            state.slots[index].stage = Stage::Leaving { deadline: None };
            return None;
        }
        let jobs = state.slots[index].jobs;
        if self.config.max_jobs.is_some_and(|max| jobs >= max) {
            self.retire(state, index, Ending::Spent);
            return None;
        }
        if index >= state.wanted {
            self.retire(state, index, Ending::Retired);
            return None;
        }
        if let Some((job, ())) = state.backlog.pop(|job| job.claim().then_some(())) {
            if state.blocked > 0 {
                self.room.notify_one();
            }
            return self.assign(state, index, job);
        }
        if state.end.closed.is_some() {
            self.retire(state, index, Ending::Retired);
            return None;
        }
        let deadline = self.deadline(state, self.config.idle_timeout);
        state.slots[index].stage = Stage::Idle { deadline };
        state.idle.push(index);
        if state.blocked > 0 {
            self.room.notify_one();
        }
        None
    }

    /// A worker has answered. Returns the job, if the answer belongs to it.
    ///
    /// The worker gets its next job before the answer is read.
    pub(super) fn answered(self: &Arc<Self>, index: usize, answer: u32) -> Option<Arc<RemoteJob>> {
        let mut state = lock(&self.state);
        let job = take_job(&mut state, index, answer)?;
        state.slots[index].jobs += 1;
        let recovered = state.health.losses > self.config.restart_limit;
        state.health.losses = 0;
        let outlet = self.next_job(&mut state, index);
        let missing = recovered || state.health.failed_starts > 0;
        let abandoned = if missing && state.backlog.len() > 0 {
            self.staff(&mut state)
        } else {
            Abandoned::none()
        };
        drop(state);
        flush(outlet);
        abandoned.refuse();
        Some(job)
    }

    /// A worker has sent the finished results of a chunk after its time limit, and ends.
    pub(super) fn overran(&self, index: usize, answer: u32) -> Option<Arc<RemoteJob>> {
        let mut state = lock(&self.state);
        let job = take_job(&mut state, index, answer)?;
        let limit = job.time_limit.unwrap_or_default();
        state.slots[index].kill(Ending::Overran(limit));
        Some(job)
    }

    /// Ends the worker that runs this job. False if no worker runs it.
    pub(super) fn stop(&self, job: &RemoteJob) -> bool {
        let mut state = lock(&self.state);
        let runs = |stage: &Stage| matches!(stage, Stage::Busy { job: other, .. } if std::ptr::eq(&**other, job));
        let slot = state.slots.iter_mut().find(|slot| runs(&slot.stage));
        slot.map(|slot| slot.kill(Ending::Stopped)).is_some()
    }

    /// A pending job was cancelled, so there may be space.
    pub(super) fn note_cancelled(&self) {
        let mut state = lock(&self.state);
        state.account.counters.cancelled += 1;
        state.backlog.note_cancelled();
        if state.blocked > 0 {
            self.room.notify_one();
        }
    }
}

/// The job with this number that a slot's worker was sent.
fn take_job(state: &mut State, index: usize, answer: u32) -> Option<Arc<RemoteJob>> {
    let stage = &mut state.slots[index].stage;
    match std::mem::replace(stage, Stage::Leaving { deadline: None }) {
        Stage::Busy { job, sequence, .. } if sequence == answer => Some(job),
        other => {
            *stage = other;
            None
        }
    }
}

/// Writes the contents of an outlet. It must not be called under the lock.
pub(super) fn flush(outlet: Option<Arc<Outlet>>) {
    if let Some(outlet) = outlet {
        outlet.flush();
    }
}

/// Jobs that end before they were started. They are finished after the lock was released, because
/// that runs callbacks.
#[must_use = "their futures must be finished"]
pub(super) struct Abandoned {
    jobs: Vec<Arc<RemoteJob>>,
    error: Error,
}

impl Abandoned {
    pub(super) fn none() -> Self {
        Self::new(Vec::new(), Error::Cancelled)
    }

    pub(super) fn new(jobs: Vec<Arc<RemoteJob>>, error: Error) -> Self {
        Self { jobs, error }
    }

    pub(super) fn refuse(self) {
        for job in self.jobs {
            job.refuse(self.error.clone());
        }
    }
}
