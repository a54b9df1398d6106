//! The deadlines of a connection: how long it may be idle, or stalled.
//!
//! Activity does not move the timer. When the timer is due, the deadline is computed again. The
//! clock is read only if there is a limit.

use std::cell::Cell;
use std::time::{Duration, Instant};

use event_loop::{TimerKey, after};

use super::Connection;
use crate::inner::{Action, Inner};
use crate::transport::{DEFAULT_STALL_TIMEOUT, HALF_OPEN_TIMEOUT};
use crate::{Reason, Transport};

pub(crate) struct Deadlines {
    idle: Cell<Limit>,
    stall: Cell<Limit>,
    /// When bytes last came or went.
    active: Cell<Instant>,
    /// Since when the system has accepted none of the waiting bytes.
    blocked: Cell<Option<Instant>>,
    timer: Cell<Option<TimerKey>>,
}

/// A limit in nanoseconds, up to 584 years, or no limit. It takes half the memory of an `Option<Duration>`,
/// because each connection has two.
#[derive(Clone, Copy)]
struct Limit(u64);

impl Limit {
    const NONE: Limit = Limit(u64::MAX);

    fn new(limit: Option<Duration>) -> Limit {
        limit.map_or(Limit::NONE, |limit| {
            let nanoseconds = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
            Limit(nanoseconds.min(u64::MAX - 1))
        })
    }

    fn duration(self) -> Option<Duration> {
        (self.0 != u64::MAX).then(|| Duration::from_nanos(self.0))
    }
}

impl Deadlines {
    pub(super) fn new(now: Instant) -> Deadlines {
        Deadlines {
            idle: Cell::new(Limit::NONE),
            stall: Cell::new(Limit::new(Some(DEFAULT_STALL_TIMEOUT))),
            active: Cell::new(now),
            blocked: Cell::new(None),
            timer: Cell::new(None),
        }
    }

    /// Notes that bytes came or went.
    pub(super) fn touch(&self, inner: &Inner) {
        if self.timer.get().is_some() {
            self.active.set(inner.now());
        }
    }

    /// Notes that the system accepts no more for now. `progress`: it has accepted some bytes.
    pub(super) fn blocked(&self, inner: &Inner, progress: bool) {
        if progress || self.blocked.get().is_none() {
            self.blocked.set(Some(inner.now()));
            self.touch(inner);
        }
    }

    /// Notes that no bytes wait.
    pub(super) fn drained(&self) {
        self.blocked.set(None);
    }

    pub(super) fn take_timer(&self) -> Option<TimerKey> {
        self.timer.take()
    }
}

impl Connection {
    pub(crate) fn set_idle_timeout(&self, transport: &Transport, limit: Option<Duration>) {
        self.deadlines.idle.set(Limit::new(limit));
        if let Some(inner) = self.reactor.upgrade() {
            self.deadlines.active.set(inner.now());
        }
        self.arm(transport);
    }

    pub(crate) fn set_stall_timeout(&self, transport: &Transport, limit: Option<Duration>) {
        self.deadlines.stall.set(Limit::new(limit));
        self.arm(transport);
    }

    /// The next deadline, and the reason that then ends the connection.
    fn deadline(&self) -> Option<(Instant, Reason)> {
        let deadlines = &self.deadlines;
        if let Some(own) = self.stream.borrow().deadline() {
            return Some(own);
        }
        let half_open = self.reading.has_ended().then_some(HALF_OPEN_TIMEOUT);
        let idle = deadlines
            .idle
            .get()
            .duration()
            .or(half_open)
            .map(|limit| (after(deadlines.active.get(), limit), Reason::Idle(limit)));
        let stall = match (deadlines.blocked.get(), deadlines.stall.get().duration()) {
            (Some(since), Some(limit)) => Some((after(since, limit), Reason::Stalled(limit))),
            _ => None,
        };
        match (idle, stall) {
            (Some(idle), Some(stall)) if idle.0 < stall.0 => Some(idle),
            (idle, stall) => stall.or(idle),
        }
    }

    /// Sets the timer for the next deadline.
    pub(crate) fn arm(&self, transport: &Transport) {
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        if self.is_lost() {
            return;
        }
        let deadlines = &self.deadlines;
        if deadlines.timer.get().is_none() {
            // The clock was not read so far.
            deadlines.active.set(inner.now());
        }
        let due = self.deadline();
        match (deadlines.timer.get(), &due) {
            // The timer is due before the deadline. Then the deadline is computed again.
            (Some(timer), Some((due, _))) if timer.due() <= *due => return,
            (Some(timer), _) => {
                deadlines.timer.set(None);
                drop(inner.cancel_timer(timer));
            }
            _ => {}
        }
        if let Some((due, _)) = due {
            let timer =
                inner.set_timer(due, Action::Deadline(std::rc::Rc::downgrade(&transport.0)));
            deadlines.timer.set(Some(timer));
        }
    }

    /// The timer is due. There may have been activity since it was set.
    pub(crate) fn deadline_due(&self, transport: &Transport) {
        let deadlines = &self.deadlines;
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        if self.reading.has_more() {
            // Bytes wait that this reactor has not read yet: the connection is not idle.
            deadlines.active.set(inner.now());
        }
        deadlines.timer.set(None);
        match self.deadline() {
            Some((due, reason)) if due <= inner.now() => {
                // A connection that is closing may be closed now.
                if reason.is_cut() {
                    self.cut(reason);
                }
                self.settle(transport);
            }
            Some((due, _)) => {
                let timer =
                    inner.set_timer(due, Action::Deadline(std::rc::Rc::downgrade(&transport.0)));
                deadlines.timer.set(Some(timer));
            }
            None => {}
        }
    }
}
