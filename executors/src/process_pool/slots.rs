//! The state behind the pool's lock: pending jobs, slots, and counters.

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::inbox::Inbox;
use super::remote::RemoteJob;
use super::sys::{Life, Outlet};
use crate::backlog::Backlog;
use crate::counters::Counters;
use crate::error::Error;

pub(super) struct State {
    pub(super) backlog: Backlog<Arc<RemoteJob>>,
    /// One slot per worker that the pool may have, and the slots of surplus workers that have not
    /// ended.
    pub(super) slots: Vec<Slot>,
    /// The wanted number of workers. Slots with a higher index get no new worker.
    pub(super) wanted: usize,
    /// The slots with an idle worker. The last one is used first, because its caches are warmest.
    /// If this list is not empty, the backlog is.
    pub(super) idle: Vec<usize>,
    /// The number of threads that wait for space in the queue.
    pub(super) blocked: usize,
    pub(super) end: PoolEnd,
    pub(super) health: Health,
    pub(super) clock: Clock,
    /// The sequence number of the next job.
    pub(super) sequence: u32,
    pub(super) account: Account,
}

/// Whether the pool has been closed, and how.
#[derive(Default)]
pub(super) struct PoolEnd {
    /// The reason why no more jobs are accepted.
    pub(super) closed: Option<Error>,
    /// If set, pending jobs do not run, but end with this error.
    pub(super) abandoned: Option<Error>,
}

/// The failures of the pool's workers.
#[derive(Default)]
pub(super) struct Health {
    /// Workers lost in a row, without a finished job between.
    pub(super) losses: u32,
    /// How many starts of a process have failed in a row.
    pub(super) failed_starts: u32,
    /// How many of these, the last in a row, failed while there was no process at all.
    pub(super) attempts: u32,
    /// The earliest time for the next start.
    pub(super) not_before: Option<Instant>,
    /// The error of the last start.
    pub(super) start_error: Option<Error>,
}

#[derive(Default)]
pub(super) struct Clock {
    /// The time of its next check.
    pub(super) next_look: Option<Instant>,
    pub(super) thread: Option<JoinHandle<()>>,
}

/// The resources used, and the work done.
#[derive(Default)]
pub(super) struct Account {
    /// The CPU time of workers that have ended.
    pub(super) cpu: Duration,
    pub(super) counters: Counters,
}

/// A place for a worker. It has a thread while it has a worker.
#[derive(Default)]
pub(super) struct Slot {
    pub(super) stage: Stage,
    pub(super) worker: Option<Worker>,
    /// The pool's reason to end this worker.
    pub(super) ending: Option<Ending>,
    /// How many jobs this worker has done.
    pub(super) jobs: usize,
    pub(super) thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
pub(super) enum Stage {
    /// There is no worker.
    #[default]
    Vacant,
    /// The process has not reached the hook.
    Starting { deadline: Option<Instant> },
    /// The worker runs the initializer.
    Initializing { deadline: Option<Instant> },
    Idle {
        /// The end of its idle time.
        deadline: Option<Instant>,
    },
    Busy {
        job: Arc<RemoteJob>,
        sequence: u32,
        deadline: Option<Instant>,
    },
    /// The worker gets no more jobs, and ends.
    Leaving { deadline: Option<Instant> },
}

pub(super) struct Worker {
    pub(super) life: Arc<Life>,
    /// Closing it makes an idle worker end.
    pub(super) outlet: Arc<Outlet>,
    /// Set when the worker accepts jobs.
    pub(super) inbox: Option<Arc<Inbox>>,
}

/// The pool's reason to end a worker.
#[derive(Debug)]
pub(super) enum Ending {
    /// The worker is not needed any more.
    Retired,
    /// The worker has done its maximum number of jobs.
    Spent,
    /// The job exceeded this time limit.
    Overran(Duration),
    /// Its job was cancelled.
    Stopped,
    /// The pool was killed.
    Killed,
    /// It took too long to start.
    StartedLate,
    /// The worker sent data that is not a frame.
    Garbled(String),
}

impl Slot {
    pub(super) fn is_vacant(&self) -> bool {
        matches!(self.stage, Stage::Vacant)
    }

    pub(super) fn is_starting(&self) -> bool {
        matches!(
            self.stage,
            Stage::Starting { .. } | Stage::Initializing { .. }
        )
    }

    /// Whether it has a worker that accepts jobs.
    pub(super) fn is_at_work(&self) -> bool {
        matches!(self.stage, Stage::Idle { .. } | Stage::Busy { .. })
    }

    /// Kills the worker.
    pub(super) fn kill(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
        if let Some(worker) = &self.worker {
            worker.life.kill();
        }
    }

    /// Makes an idle worker end by itself before the deadline.
    pub(super) fn retire(&mut self, ending: Ending, deadline: Option<Instant>) {
        self.ending.get_or_insert(ending);
        if let Some(worker) = &self.worker {
            worker.outlet.close();
            worker.life.resume();
        }
        self.stage = Stage::Leaving { deadline };
    }
}

impl State {
    pub(super) fn new(workers: usize, queue_limit: usize) -> Self {
        Self {
            backlog: Backlog::new(queue_limit),
            slots: (0..workers).map(|_| Slot::default()).collect(),
            wanted: workers,
            idle: Vec::with_capacity(workers),
            blocked: 0,
            end: PoolEnd::default(),
            health: Health::default(),
            clock: Clock::default(),
            sequence: 0,
            account: Account::default(),
        }
    }

    pub(super) fn is_vacant(&self) -> bool {
        self.slots.iter().all(Slot::is_vacant)
    }

    /// A job is pending: the answers of busy workers must be read as soon as they come.
    pub(super) fn attend(&self) {
        let workers = self.slots.iter().filter_map(|slot| slot.worker.as_ref());
        let inboxes = workers.filter_map(|worker| worker.inbox.as_ref());
        inboxes.for_each(|inbox| inbox.attend());
    }

    pub(super) fn starting(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_starting()).count()
    }

    /// Whether another slot has a worker that accepts jobs.
    pub(super) fn others_at_work(&self, index: usize) -> bool {
        let mut others = self.slots.iter().enumerate();
        others.any(|(other, slot)| other != index && slot.is_at_work())
    }

    /// Whether another slot has a process, which may still be starting.
    pub(super) fn others_have_process(&self, index: usize) -> bool {
        let mut others = self.slots.iter().enumerate();
        others.any(|(other, slot)| other != index && slot.worker.is_some())
    }

    /// Stops sending jobs to an idle worker that leaves or has left.
    pub(super) fn forget_idle(&mut self, index: usize) {
        self.idle.retain(|&other| other != index);
        let stage = &mut self.slots[index].stage;
        if matches!(stage, Stage::Idle { .. }) {
            *stage = Stage::Leaving { deadline: None };
        }
    }

    /// Whether a slot without a worker should start another. `needed` is false if the last one was
    /// ended because it was idle.
    pub(super) fn wants_successor(&self, index: usize, needed: bool) -> bool {
        if index >= self.wanted {
            return false;
        }
        match &self.end.closed {
            None => needed || self.backlog.len() > 0,
            Some(_) => self.end.abandoned.is_none() && self.backlog.len() > 0,
        }
    }

    /// Prepares a slot for its next worker, or frees it.
    pub(super) fn vacate(&mut self, index: usize, again: bool) {
        let slot = &mut self.slots[index];
        slot.ending = None;
        slot.jobs = 0;
        slot.stage = if again {
            Stage::Starting { deadline: None }
        } else {
            Stage::Vacant
        };
    }

    /// Removes a worker from its slot, so that it gets no more requests. Returns the CPU time that
    /// was counted so far; the rest is added later.
    pub(super) fn take_out(&mut self, index: usize) -> Duration {
        let worker = self.slots[index].worker.take();
        let cpu = worker.and_then(|worker| worker.life.cpu_time());
        self.account.cpu += cpu.unwrap_or_default();
        cpu.unwrap_or_default()
    }

    /// The CPU time of all workers, including those that have ended.
    pub(super) fn cpu_time(&self) -> Duration {
        let live = self.slots.iter().filter_map(|slot| slot.worker.as_ref());
        let live = live.filter_map(|worker| worker.life.cpu_time());
        self.account.cpu + live.sum::<Duration>()
    }
}
