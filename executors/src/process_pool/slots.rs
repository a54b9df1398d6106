//! The state behind the pool's one lock: waiting jobs, slots, and counts.

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
    /// A slot for each worker that the pool may have, and those of workers too many that have not
    /// ended.
    pub(super) slots: Vec<Slot>,
    /// How many workers there may be: the slots from here on get no new one.
    pub(super) wanted: usize,
    /// Slots whose worker is idle; the last is used first, as its caches are warmest. While there
    /// are any, nothing waits in the backlog.
    pub(super) idle: Vec<usize>,
    /// Threads that wait for room.
    pub(super) blocked: usize,
    pub(super) end: PoolEnd,
    pub(super) health: Health,
    pub(super) clock: Clock,
    /// The number of the next job that is sent.
    pub(super) sequence: u32,
    pub(super) account: Account,
}

/// Whether, and how, the pool comes to its end.
#[derive(Default)]
pub(super) struct PoolEnd {
    /// Why nothing is accepted any more.
    pub(super) closed: Option<Error>,
    /// What is pending is not to be run: it ends with this.
    pub(super) abandoned: Option<Error>,
}

/// How the pool's workers fare.
#[derive(Default)]
pub(super) struct Health {
    /// Workers lost in a row without a job done in between.
    pub(super) losses: u32,
    /// Times in a row that a process could not be started.
    pub(super) failed_starts: u32,
    /// Of these, the last ones in a row while there was no process at all.
    pub(super) attempts: u32,
    /// No other start is tried before.
    pub(super) not_before: Option<Instant>,
    /// Why the last start failed.
    pub(super) start_error: Option<Error>,
}

#[derive(Default)]
pub(super) struct Clock {
    /// When it will look next.
    pub(super) next_look: Option<Instant>,
    pub(super) thread: Option<JoinHandle<()>>,
}

/// What has been used and done.
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
    /// Why the pool itself ends this worker.
    pub(super) ending: Option<Ending>,
    /// Jobs that this worker has done.
    pub(super) jobs: usize,
    pub(super) thread: Option<JoinHandle<()>>,
}

#[derive(Default)]
pub(super) enum Stage {
    /// No worker.
    #[default]
    Vacant,
    /// The process has not come to the hook.
    Starting { deadline: Option<Instant> },
    /// It runs the initializer.
    Initializing { deadline: Option<Instant> },
    Idle {
        /// When it has been idle for too long.
        deadline: Option<Instant>,
    },
    Busy {
        job: Arc<RemoteJob>,
        sequence: u32,
        deadline: Option<Instant>,
    },
    /// It has no job, and gets none.
    Leaving { deadline: Option<Instant> },
}

pub(super) struct Worker {
    pub(super) life: Arc<Life>,
    /// Closed to have the worker end when it is idle.
    pub(super) outlet: Arc<Outlet>,
    /// Since it takes jobs.
    pub(super) inbox: Option<Arc<Inbox>>,
}

/// Why the pool ends a worker.
#[derive(Debug)]
pub(super) enum Ending {
    /// It is not needed any more.
    Retired,
    /// It has done its share of jobs.
    Spent,
    /// Its job took longer than this.
    Overran(Duration),
    /// Its job was cancelled.
    Stopped,
    /// The pool was killed.
    Killed,
    /// It took too long to start.
    StartedLate,
    /// It sent what is no frame.
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

    /// Whether it has a worker that takes jobs.
    pub(super) fn is_at_work(&self) -> bool {
        matches!(self.stage, Stage::Idle { .. } | Stage::Busy { .. })
    }

    /// Ends the worker now.
    pub(super) fn kill(&mut self, ending: Ending) {
        self.ending.get_or_insert(ending);
        if let Some(worker) = &self.worker {
            worker.life.kill();
        }
    }

    /// Has an idle worker end by itself, before the deadline.
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

    /// A job waits: the answers of busy workers are to be read as soon as they come.
    pub(super) fn attend(&self) {
        let workers = self.slots.iter().filter_map(|slot| slot.worker.as_ref());
        let inboxes = workers.filter_map(|worker| worker.inbox.as_ref());
        inboxes.for_each(|inbox| inbox.attend());
    }

    pub(super) fn starting(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_starting()).count()
    }

    /// Whether another slot has a worker that takes jobs.
    pub(super) fn others_at_work(&self, index: usize) -> bool {
        let mut others = self.slots.iter().enumerate();
        others.any(|(other, slot)| other != index && slot.is_at_work())
    }

    /// Whether another slot has a process, which may still be starting.
    pub(super) fn others_have_process(&self, index: usize) -> bool {
        let mut others = self.slots.iter().enumerate();
        others.any(|(other, slot)| other != index && slot.worker.is_some())
    }

    /// Sends no more jobs to a worker that was idle: it is leaving, or has left.
    pub(super) fn forget_idle(&mut self, index: usize) {
        self.idle.retain(|&other| other != index);
        let stage = &mut self.slots[index].stage;
        if matches!(stage, Stage::Idle { .. }) {
            *stage = Stage::Leaving { deadline: None };
        }
    }

    /// Whether a slot whose worker has gone is to start another. `needed` unless it was sent away
    /// for want of work.
    pub(super) fn wants_successor(&self, index: usize, needed: bool) -> bool {
        if index >= self.wanted {
            return false;
        }
        match &self.end.closed {
            None => needed || self.backlog.len() > 0,
            Some(_) => self.end.abandoned.is_none() && self.backlog.len() > 0,
        }
    }

    /// Makes a slot ready for its next worker, or for none.
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

    /// Takes a worker out of its slot, so that nobody asks it anything any more. Returns its CPU
    /// time so far, which is counted: what it uses from now on is still to be added.
    pub(super) fn take_out(&mut self, index: usize) -> Duration {
        let worker = self.slots[index].worker.take();
        let cpu = worker.and_then(|worker| worker.life.cpu_time());
        self.account.cpu += cpu.unwrap_or_default();
        cpu.unwrap_or_default()
    }

    /// CPU time of all workers that there are and have been.
    pub(super) fn cpu_time(&self) -> Duration {
        let live = self.slots.iter().filter_map(|slot| slot.worker.as_ref());
        let live = live.filter_map(|worker| worker.life.cpu_time());
        self.account.cpu + live.sum::<Duration>()
    }
}
