//! The times of a request: when it came, when it started, and its deadlines.

use std::time::Duration;

use tokio::time::Instant;

use crate::alarm::{self, Deadline};
use crate::error::Phase;
use crate::limits::Timeouts;
use crate::outcome::Times;

#[derive(Clone, Copy)]
pub(super) struct Clock<'a> {
    timeouts: &'a Timeouts,
    came: Instant,
    /// When it had its first permit.
    started: Option<Instant>,
    attempt: Instant,
    first_byte: Duration,
}

impl<'a> Clock<'a> {
    pub(super) fn start(timeouts: &'a Timeouts) -> Clock<'a> {
        let now = Instant::now();
        Clock {
            timeouts,
            came: now,
            started: None,
            attempt: now,
            first_byte: Duration::ZERO,
        }
    }

    pub(super) fn has_started(&self) -> bool {
        self.started.is_some()
    }

    /// It has a permit.
    pub(super) fn has_turn(&mut self, waited: bool) {
        if self.started.is_none() {
            // The clock is read only if the request had to wait.
            let now = if waited { Instant::now() } else { self.came };
            self.started = Some(now);
            self.attempt = now;
        }
    }

    /// A message is about to be sent.
    pub(super) fn attempt(&mut self) {
        self.attempt = Instant::now();
    }

    /// When the last message was sent.
    pub(super) fn sent(&self) -> Instant {
        self.attempt
    }

    /// A header came.
    pub(super) fn answered(&mut self) {
        self.first_byte = self.attempt.elapsed();
    }

    pub(super) fn times(&self) -> Times {
        let end = Instant::now();
        let started = self.started.unwrap_or(end);
        Times {
            waited: started - self.came,
            first_byte: self.first_byte,
            total: end - started,
        }
    }

    /// The deadline of the whole request.
    pub(super) fn total(&self) -> Deadline {
        let total = self.timeouts.total;
        Deadline {
            at: alarm::after(self.started.unwrap_or(self.came), total),
            phase: Phase::Total,
            after: total,
        }
    }

    /// The deadline for a header.
    pub(super) fn header(&self) -> Deadline {
        let first_byte = self.timeouts.first_byte;
        self.total().or(Deadline {
            at: alarm::after(self.attempt, first_byte),
            phase: Phase::FirstByte,
            after: first_byte,
        })
    }

    /// The deadline for the next part of a body.
    pub(super) fn idle(&self) -> Deadline {
        self.within(self.timeouts.idle)
    }

    /// The deadline for the next part of a body, or this time if it is earlier.
    pub(super) fn idle_until(&self, at: Instant) -> Deadline {
        let idle = self.idle();
        idle.or(Deadline {
            at,
            phase: Phase::Idle,
            after: self.timeouts.idle,
        })
    }

    /// How long ago the last message was sent.
    pub(super) fn since_sent(&self) -> Duration {
        self.attempt.elapsed()
    }

    /// A deadline after this wait, or that of the whole request if it is earlier.
    pub(super) fn within(&self, wait: Duration) -> Deadline {
        self.total().or(Deadline {
            at: alarm::after(Instant::now(), wait),
            phase: Phase::Idle,
            after: wait,
        })
    }
}
