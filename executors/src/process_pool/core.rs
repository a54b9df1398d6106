//! Who runs what: the one lock of a process pool, and every decision taken under it.
//!
//! There is a *slot* for each worker the pool may have. A slot has a thread while it has a worker
//! (`slot.rs`): it starts the process, reads its replies, and buries it. A job goes straight from
//! the submitting thread into the pipe of an idle worker; only when there is none does it wait in
//! the backlog, from which the slots' threads take it. A worker is sent one job (or batch) at a
//! time: so the one that dies takes exactly one with it, nothing is stuck behind a long job while
//! others are idle, what has not started can be cancelled, and a pipe is only written to while its
//! worker reads, so the two never block each other.
//!
//! Locks are taken in the order pipe, state, future, child; no user code runs under any of them.

use std::io::{self, Write};
use std::process::{Child, ChildStdin};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::frame;
use super::remote::Remote;
use super::{Config, clock, slot, sys};
use crate::backlog::Backlog;
use crate::error::Error;
use crate::home::{Home, PoolId, is_worker_of};
use crate::sync::{Condvar, Mutex, lock, wait};

/// The pause after the first process in a row that could not be started; it doubles with each that
/// follows. A process table may be full for a moment only.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// How often the pause doubles, to 1.28 s: the attempts of the default restart limit then span some
/// 14 s, and nobody waits much longer than a second once there is room again.
const DOUBLINGS: u32 = 6;

pub(super) struct Core {
    pub(super) id: PoolId,
    pub(super) config: Config,
    pub(super) state: Mutex<State>,
    /// Signalled when the backlog has room.
    room: Condvar,
    /// Signalled when a slot starts, is ready or ends, and when the pool closes.
    pub(super) changed: Condvar,
    /// Signalled when the clock has to look earlier than it meant to.
    pub(super) alarm: Condvar,
}

pub(super) struct State {
    pub(super) backlog: Backlog<Arc<dyn Remote>>,
    pub(super) slots: Vec<Slot>,
    /// Slots whose worker is idle; the last is used first, as its caches are warmest. While there
    /// are any, nothing waits in the backlog.
    idle: Vec<usize>,
    /// Threads that wait for room.
    blocked: usize,
    /// Why nothing is accepted any more.
    pub(super) closed: Option<Error>,
    /// What is pending is not to be run: it ends with this.
    abandoned: Option<Error>,
    /// Workers lost in a row without a job done in between.
    strikes: u32,
    sequence: u32,
    past_cpu: Duration,
    /// When the clock will look next.
    pub(super) next_look: Option<Instant>,
    clock: Option<JoinHandle<()>>,
}

#[derive(Default)]
pub(super) struct Slot {
    pub(super) stage: Stage,
    pub(super) worker: Option<Worker>,
    /// Why the pool itself ends this worker.
    pub(super) verdict: Option<Verdict>,
    /// Jobs that this worker has done.
    jobs: usize,
    thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
pub(super) enum Stage {
    #[default]
    Vacant,
    Starting {
        deadline: Option<Instant>,
    },
    Idle {
        deadline: Option<Instant>,
    },
    Busy {
        job: Arc<dyn Remote>,
        sequence: u32,
        deadline: Option<Instant>,
    },
    Leaving,
}

pub(super) struct Worker {
    pub(super) pid: u32,
    /// Locked to kill, and to wait after the worker has been taken out of its slot: so nobody can
    /// kill what has been reaped, whose pid may be another's by then.
    pub(super) child: Arc<Mutex<Child>>,
    /// Dropped to have the worker end when it is idle.
    pub(super) pipe: Option<Pipe>,
}

pub(super) type Pipe = Arc<Mutex<ChildStdin>>;

pub(super) enum Verdict {
    /// It is not needed any more.
    Retired,
    /// It has done its share of jobs.
    Spent,
    /// Its job took too long.
    Overran,
    /// The pool was killed.
    Killed,
    /// It took too long to start.
    StartedLate,
    /// It sent what is no frame.
    Garbled(String),
}

/// A job on its way to a worker: to be written without the lock.
#[must_use]
pub(super) struct Delivery {
    index: usize,
    pipe: Pipe,
    frame: Vec<u8>,
    sequence: u32,
}

impl Slot {
    pub(super) fn kill(&mut self, verdict: Verdict) {
        self.verdict.get_or_insert(verdict);
        if let Some(worker) = &self.worker {
            // It fails only for a child that has ended, which is what was wanted.
            let _ = lock(&worker.child).kill();
        }
    }

    /// Has the worker end as soon as it is idle.
    fn retire(&mut self, verdict: Verdict) {
        self.verdict.get_or_insert(verdict);
        if let Some(worker) = &mut self.worker {
            worker.pipe = None;
        }
        self.stage = Stage::Leaving;
    }
}

impl State {
    fn new(config: &Config) -> Self {
        Self {
            backlog: Backlog::new(config.queue_limit),
            slots: (0..config.workers).map(|_| Slot::default()).collect(),
            idle: Vec::with_capacity(config.workers),
            blocked: 0,
            closed: None,
            abandoned: None,
            strikes: 0,
            sequence: 0,
            past_cpu: Duration::ZERO,
            next_look: None,
            clock: None,
        }
    }

    fn is_vacant(&self) -> bool {
        self.slots
            .iter()
            .all(|slot| matches!(slot.stage, Stage::Vacant))
    }

    fn starting(&self) -> usize {
        let starting = |slot: &&Slot| matches!(slot.stage, Stage::Starting { .. });
        self.slots.iter().filter(starting).count()
    }

    /// Has a slot end its idle worker.
    pub(super) fn retire_idle(&mut self, index: usize) {
        self.bench(index);
        self.slots[index].retire(Verdict::Retired);
    }

    /// Sends no more jobs to a worker that was idle: it is leaving, or has left.
    pub(super) fn bench(&mut self, index: usize) {
        self.idle.retain(|&other| other != index);
        let stage = &mut self.slots[index].stage;
        if matches!(stage, Stage::Idle { .. }) {
            *stage = Stage::Leaving;
        }
    }
}

impl Core {
    pub(super) fn new(config: Config) -> Self {
        Self {
            id: PoolId::next(),
            state: Mutex::new(State::new(&config)),
            config,
            room: Condvar::new(),
            changed: Condvar::new(),
            alarm: Condvar::new(),
        }
    }

    /// Sends a job to an idle worker, or queues it; when the queue is full, waits if `patient`.
    pub(super) fn submit(
        self: &Arc<Self>,
        patient: bool,
        job: &Arc<dyn Remote>,
    ) -> Result<(), Error> {
        // A callback runs on a thread that the pool needs to make room.
        let patient = patient && !is_worker_of(self.id);
        let mut state = lock(&self.state);
        loop {
            if let Some(reason) = &state.closed {
                return Err(reason.clone());
            }
            if let Some(index) = state.idle.pop() {
                // Nobody else has the future yet, so it cannot have been cancelled.
                job.claim();
                let delivery = self.assign(&mut state, index, Arc::clone(job));
                drop(state);
                self.deliver(delivery);
                return Ok(());
            }
            if !state.backlog.is_full() {
                break;
            }
            if !patient {
                return Err(Error::QueueFull {
                    limit: state.backlog.limit(),
                });
            }
            state.blocked += 1;
            state = wait(&self.room, state);
            state.blocked -= 1;
        }
        state.backlog.push(Arc::clone(job));
        if state.starting() < state.backlog.len()
            && let Err(error) = self.recruit(&mut state)
        {
            let broken = Error::PoolBroken {
                reason: format!("cannot start a thread for a worker: {error}"),
            };
            let abandoned = self.close(&mut state, broken.clone(), Some(broken.clone()));
            drop(state);
            refuse_all(abandoned, Some(broken));
        }
        Ok(())
    }

    /// Starts a worker, if there is a slot for another. Fails if there is then none at all.
    fn recruit(self: &Arc<Self>, state: &mut State) -> io::Result<()> {
        let vacant = |slot: &Slot| matches!(slot.stage, Stage::Vacant);
        let Some(index) = state.slots.iter().position(vacant) else {
            return Ok(());
        };
        let start = |name: String, run: fn(&Arc<Core>, usize)| {
            let core = Arc::clone(self);
            let thread = thread::Builder::new().name(format!("{}-{name}", self.config.name));
            thread.spawn(move || run(&core, index))
        };
        let started = (|| {
            if state.clock.is_none() {
                state.clock = Some(start("clock".to_owned(), |core, _| clock::run(core))?);
            }
            start(index.to_string(), slot::run)
        })();
        match started {
            Ok(thread) => {
                let slot = &mut state.slots[index];
                slot.stage = Stage::Starting { deadline: None };
                slot.thread = Some(thread);
                Ok(())
            }
            Err(error) if state.is_vacant() => Err(error),
            // The workers that there are will do the job.
            Err(_) => Ok(()),
        }
    }

    /// Makes a slot busy with a job that has been claimed.
    fn assign(&self, state: &mut State, index: usize, job: Arc<dyn Remote>) -> Option<Delivery> {
        let sequence = state.sequence;
        state.sequence = sequence.wrapping_add(1);
        let deadline = self.deadline(state, self.config.job_timeout);
        let slot = &mut state.slots[index];
        let mut frame = job.take_frame();
        let pipe = slot.worker.as_ref().and_then(|worker| worker.pipe.clone());
        let Some(pipe) = pipe else {
            // A worker without a pipe is leaving and given no job; were it, none would be lost.
            debug_assert!(false, "slot {index} has no pipe");
            job.requeue(frame);
            state.backlog.push_front(job);
            return None;
        };
        frame::set_sequence(&mut frame, sequence);
        slot.stage = Stage::Busy {
            job,
            sequence,
            deadline,
        };
        Some(Delivery {
            index,
            pipe,
            frame,
            sequence,
        })
    }

    /// The point in time `limit` from now, of which the clock is told.
    pub(super) fn deadline(&self, state: &mut State, limit: Option<Duration>) -> Option<Instant> {
        let limit = limit?;
        let deadline = Instant::now().checked_add(limit)?;
        if state.next_look.is_none_or(|next| deadline < next) {
            state.next_look = Some(deadline);
            self.alarm.notify_all();
        }
        Some(deadline)
    }

    /// Writes a job into its worker's pipe.
    pub(super) fn deliver(self: &Arc<Self>, delivery: Option<Delivery>) {
        let Some(delivery) = delivery else { return };
        let mut pipe = lock(&delivery.pipe);
        if let Err(0) = write_all(&mut pipe, &delivery.frame) {
            // Not one byte went out: the worker was dead before, and has not seen the job. (Had
            // some gone out, it might have died of reading them; then this job ends with it.)
            self.undelivered(delivery.index, delivery.sequence, delivery.frame);
        }
    }

    /// Takes a job back from a worker that died before it was sent. The worker's own thread is
    /// held off by the lock of the pipe.
    fn undelivered(self: &Arc<Self>, index: usize, sequence: u32, frame: Vec<u8>) {
        let mut state = lock(&self.state);
        let stage = &mut state.slots[index].stage;
        if !matches!(stage, Stage::Busy { sequence: now, .. } if *now == sequence) {
            return;
        }
        let Stage::Busy { job, .. } = std::mem::replace(stage, Stage::Leaving) else {
            return;
        };
        job.requeue(frame);
        if let Some(error) = state.abandoned.clone() {
            drop(state);
            job.refuse(error);
            return;
        }
        state.backlog.push_front(job);
        // Another may have become idle meanwhile; if none is, this worker's successor will see it.
        let Some(other) = state.idle.pop() else {
            return;
        };
        let next = self.next_job(&mut state, other);
        drop(state);
        self.deliver(next);
    }

    /// Gives a worker that has nothing to do the next job, a rest, or its leave.
    pub(super) fn next_job(&self, state: &mut State, index: usize) -> Option<Delivery> {
        let slot = &mut state.slots[index];
        if slot.verdict.is_some() {
            slot.stage = Stage::Leaving;
            return None;
        }
        if self.config.max_jobs.is_some_and(|max| slot.jobs >= max) {
            slot.retire(Verdict::Spent);
            return None;
        }
        if let Some((job, ())) = state.backlog.pop(|job| job.claim().then_some(())) {
            if state.blocked > 0 {
                self.room.notify_one();
            }
            return self.assign(state, index, job);
        }
        if state.closed.is_some() {
            state.slots[index].retire(Verdict::Retired);
            return None;
        }
        let deadline = self.deadline(state, self.config.idle_timeout);
        state.slots[index].stage = Stage::Idle { deadline };
        state.idle.push(index);
        None
    }

    /// A worker has answered: the job that it answers, if it is the one it was sent.
    ///
    /// The worker is given its next job before anybody looks at the answer.
    pub(super) fn answered(self: &Arc<Self>, index: usize, answer: u32) -> Option<Arc<dyn Remote>> {
        let mut state = lock(&self.state);
        let slot = &mut state.slots[index];
        if !matches!(slot.stage, Stage::Busy { sequence, .. } if sequence == answer) {
            return None;
        }
        let Stage::Busy { job, .. } = std::mem::replace(&mut slot.stage, Stage::Leaving) else {
            return None;
        };
        slot.jobs += 1;
        state.strikes = 0;
        let next = self.next_job(&mut state, index);
        drop(state);
        self.deliver(next);
        Some(job)
    }

    /// Counts a worker that was lost, and gives up if there have been too many.
    pub(super) fn strike(&self, state: &mut State, reason: String) -> Vec<Arc<dyn Remote>> {
        state.strikes += 1;
        if state.strikes <= self.config.restart_limit {
            return Vec::new();
        }
        let strikes = state.strikes;
        let broken = Error::PoolBroken {
            reason: format!("{strikes} workers in a row were lost; the last: {reason}"),
        };
        self.close(state, broken.clone(), Some(broken))
    }

    /// How long to wait before the next attempt, when a process could not be started at all.
    pub(super) fn pause(&self, state: &State) -> Duration {
        FIRST_PAUSE * (1 << state.strikes.saturating_sub(1).min(DOUBLINGS))
    }

    /// Accepts nothing more. With `abandon`, returns what was pending: to be refused with it, once
    /// the lock has been released.
    pub(super) fn close(
        &self,
        state: &mut State,
        reason: Error,
        abandon: Option<Error>,
    ) -> Vec<Arc<dyn Remote>> {
        match (&state.closed, &reason) {
            // That it broke matters more than that it was being shut down.
            (None, _) | (Some(Error::ShutDown), Error::PoolBroken { .. }) => {
                state.closed = Some(reason);
            }
            _ => {}
        }
        let mut abandoned = Vec::new();
        if let Some(error) = abandon {
            state.abandoned.get_or_insert(error);
            abandoned.extend(state.backlog.drain());
        }
        for index in std::mem::take(&mut state.idle) {
            state.slots[index].retire(Verdict::Retired);
        }
        self.room.notify_all();
        self.changed.notify_all();
        self.alarm.notify_all();
        abandoned
    }

    /// Closes the pool, and waits for its workers if asked to.
    pub(super) fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        let mut state = lock(&self.state);
        let abandon = cancel_pending.then_some(Error::Cancelled);
        let abandoned = self.close(&mut state, Error::ShutDown, abandon);
        drop(state);
        refuse_all(abandoned, None);
        if wait { self.wait_for_end() } else { Ok(()) }
    }

    /// Kills every worker, and waits until they are buried.
    pub(super) fn kill(&self) -> Result<(), Error> {
        let mut state = lock(&self.state);
        let abandoned = self.close(&mut state, Error::ShutDown, Some(Error::Cancelled));
        for slot in &mut state.slots {
            if !matches!(slot.stage, Stage::Vacant) {
                slot.kill(Verdict::Killed);
            }
        }
        drop(state);
        refuse_all(abandoned, None);
        self.wait_for_end()
    }

    fn wait_for_end(&self) -> Result<(), Error> {
        if is_worker_of(self.id) {
            return Err(Error::Deadlock);
        }
        let mut state = lock(&self.state);
        while !state.is_vacant() {
            state = wait(&self.changed, state);
        }
        let mut threads: Vec<_> = state.clock.take().into_iter().collect();
        threads.extend(state.slots.iter_mut().filter_map(|slot| slot.thread.take()));
        drop(state);
        for thread in threads {
            // They catch whatever a callback may throw, so they end well.
            let _ = thread.join();
        }
        Ok(())
    }

    /// Starts all workers that there may be, and waits until they are ready.
    pub(super) fn warm_up(self: &Arc<Self>) -> Result<(), Error> {
        let mut state = lock(&self.state);
        while state.closed.is_none() {
            let before = state.starting();
            if let Err(error) = self.recruit(&mut state) {
                return Err(Error::Spawn {
                    what: "a thread for a worker".to_owned(),
                    message: error.to_string(),
                });
            }
            if state.starting() == before {
                break;
            }
        }
        while state.starting() > 0 && state.closed.is_none() {
            state = wait(&self.changed, state);
        }
        state.closed.clone().map_or(Ok(()), Err)
    }

    /// CPU time of all workers that there are and have been.
    pub(super) fn cpu_time(&self) -> Duration {
        let state = lock(&self.state);
        let live = state.slots.iter().filter_map(|slot| slot.worker.as_ref());
        state.past_cpu
            + live
                .filter_map(|worker| sys::cpu_time(worker.pid))
                .sum::<Duration>()
    }

    pub(super) fn pending(&self) -> usize {
        lock(&self.state).backlog.len()
    }

    pub(super) fn pids(&self) -> Vec<u32> {
        let state = lock(&self.state);
        let live = state.slots.iter().filter_map(|slot| slot.worker.as_ref());
        live.map(|worker| worker.pid).collect()
    }
}

impl State {
    /// Takes a worker out of its slot, so that nobody kills it any more. Returns its CPU time so
    /// far, which is counted: what it uses from now on is to be added with `bury`.
    pub(super) fn lay_out(&mut self, index: usize) -> Duration {
        let worker = self.slots[index].worker.take();
        let cpu = worker.and_then(|worker| sys::cpu_time(worker.pid));
        self.past_cpu += cpu.unwrap_or_default();
        cpu.unwrap_or_default()
    }

    /// Counts the rest of a worker's CPU time.
    pub(super) fn bury(&mut self, cpu: Duration) {
        self.past_cpu += cpu;
    }

    /// Whether a slot whose worker has gone is to start another.
    pub(super) fn wants_successor(&self, needed: bool) -> bool {
        match &self.closed {
            None => needed || self.backlog.len() > 0,
            Some(_) => self.abandoned.is_none() && self.backlog.len() > 0,
        }
    }

    /// Makes a slot ready for its next worker, or for none.
    pub(super) fn vacate(&mut self, index: usize, again: bool) {
        let slot = &mut self.slots[index];
        slot.verdict = None;
        slot.jobs = 0;
        slot.stage = if again {
            Stage::Starting { deadline: None }
        } else {
            Stage::Vacant
        };
    }
}

/// Ends jobs that were never started. Runs callbacks: not to be called under the lock.
pub(super) fn refuse_all(jobs: Vec<Arc<dyn Remote>>, error: Option<Error>) {
    let error = error.unwrap_or(Error::Cancelled);
    for job in jobs {
        job.refuse(error.clone());
    }
}

/// Writes everything, or says how much went out before it failed.
fn write_all(pipe: &mut ChildStdin, bytes: &[u8]) -> Result<(), usize> {
    let mut written = 0;
    while written < bytes.len() {
        match pipe.write(&bytes[written..]) {
            Ok(0) => return Err(written),
            Ok(count) => written += count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(_) => return Err(written),
        }
    }
    Ok(())
}

impl Home for Core {
    fn id(&self) -> PoolId {
        self.id
    }

    fn cancelled(&self) {
        let mut state = lock(&self.state);
        state.backlog.note_cancelled();
        if state.blocked > 0 {
            self.room.notify_one();
        }
    }
}
