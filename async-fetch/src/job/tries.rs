//! Whether there is another attempt, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::Job;
use crate::alarm;
use crate::error::{Error, Phase};
use crate::gate::Host;
use crate::retry;
use crate::sink::Sink;

/// Attempts that cost nothing, because the host refused this one and not all others: more than a
/// host's pace needs to be found, few enough for a page that is always refused.
const FREE: u32 = 10;

/// Times that a connection may be closed before an answer and the message is sent again at once.
const RESENT: u32 = 1;

/// Times that a server may end its connection without having begun to work on the message.
const UNPROCESSED: u32 = 10;

/// How often a request was tried.
#[derive(Debug, Default)]
pub(super) struct Tries {
    pub(super) attempts: u32,
    /// Those of them that count: without any progress, and not only refused for others' sake.
    counted: u32,
    free: u32,
    resent: u32,
    unprocessed: u32,
    /// The most of the body that there ever was.
    furthest: u64,
    /// What the last attempt brought is more than ever.
    progressed: bool,
    /// What the host had answered when the attempt began.
    answers_before: u64,
    /// There would have been another attempt, had there not been so many by others.
    pub(super) out_of_budget: bool,
}

impl Tries {
    /// An attempt begins; `length` of the body is there.
    pub(super) fn begin(&mut self, host: &Host, length: u64) {
        self.attempts += 1;
        self.counted += 1;
        self.progressed = false;
        self.furthest = self.furthest.max(length);
        self.answers_before = host.answers();
    }

    /// From now on another server is asked.
    pub(super) fn start_over(&mut self) {
        *self = Tries {
            attempts: self.attempts,
            ..Tries::default()
        };
    }

    /// What was reached, if it can be gone on with.
    pub(super) fn progress(&mut self, sink: &Sink) {
        let reached = sink.left().map_or(0, |_| sink.length());
        if reached > self.furthest {
            self.furthest = reached;
            self.progressed = true;
            self.counted = 0;
        }
    }

    /// Whether a message that the server did not begin to work on can be sent again at once.
    pub(super) fn can_be_sent_anew(&mut self) -> bool {
        self.unprocessed += 1;
        self.unprocessed <= UNPROCESSED
    }

    /// Whether a message can be sent again at once: the connection was closed before there was an
    /// answer, and it was one that this host had answered on before. That happens to any that is kept.
    fn can_be_resent(&mut self) -> bool {
        let resent = self.answers_before > 0 && self.resent < RESENT;
        self.resent += u32::from(resent);
        resent
    }

    /// Whether a refusal is for the sake of others: the host has answered others meanwhile, or is
    /// asked slower from now on. Then there will be a turn for this one too.
    fn is_for_others(&mut self, host: &Host, slower: bool) -> bool {
        let free = (slower || host.answers() > self.answers_before) && self.free < FREE;
        self.free += u32::from(free);
        self.counted -= u32::from(free && self.counted > 0);
        free
    }
}

/// Why there should be another attempt.
pub(super) struct Reason<'a> {
    /// The wait that the server asked for.
    pub(super) asked: Option<Duration>,
    /// It is free: nobody's budget pays for it.
    pub(super) free: bool,
    pub(super) text: &'a dyn Fn() -> String,
}

impl Job<'_> {
    /// Whether the message can be sent again at once after an error, as if it had not been sent.
    pub(super) fn resends_after(&mut self, error: &Error) -> bool {
        matches!(error, Error::Closed)
            && self.inner.retries.most > 0
            && retry::is_idempotent(self.route.method())
            && self.tries.can_be_resent()
    }

    /// How long to wait for another attempt after an error; `None` if there is to be none.
    pub(super) fn wait_after(&mut self, error: &Error) -> Option<Duration> {
        let refused = self.inner.retries.refused && matches!(error, Error::Refused);
        // What never reached the server can be sent again, whatever it was.
        let unsent = matches!(
            error,
            Error::Refused
                | Error::Connect(_)
                | Error::Timeout {
                    phase: Phase::Connect,
                    ..
                }
        );
        let repeatable = retry::is_idempotent(self.route.method()) || unsent;
        if !(error.is_transient() || refused) || !repeatable {
            return None;
        }
        self.wait_before_next(&Reason {
            asked: None,
            free: self.tries.progressed,
            text: &|| error.to_string(),
        })
    }

    /// How long to wait for another attempt after a refusal (429 or 503) of a host that is asked
    /// `slower` from now on; `None` if there is to be none.
    pub(super) fn wait_after_refusal(
        &mut self,
        host: &Host,
        slower: bool,
        asked: Option<Duration>,
        text: &dyn Fn() -> String,
    ) -> Option<Duration> {
        let free = self.inner.retries.most > 0 && self.tries.is_for_others(host, slower);
        self.wait_before_next(&Reason { asked, free, text })
    }

    /// How long to wait for another attempt; `None` if there is to be none.
    pub(super) fn wait_before_next(&mut self, reason: &Reason<'_>) -> Option<Duration> {
        let retries = &self.inner.retries;
        if self.tries.counted > retries.most || retries.most == 0 || self.handed_on {
            return None;
        }
        if reason
            .asked
            .is_some_and(|asked| asked > retries.longest_asked)
        {
            return None;
        }
        let chosen = || retries.wait(self.tries.counted.max(1), retry::chance());
        let wait = reason.asked.unwrap_or_else(chosen);
        // There is no use in waiting for what will be too late.
        if alarm::after(Instant::now(), wait) >= self.clock.total().at {
            return None;
        }
        if !reason.free && !self.inner.budget.spend() {
            self.tries.out_of_budget = true;
            return None;
        }
        if let Some(watch) = self.inner.watch.as_ref().filter(|_| !self.is_helper) {
            watch.waits(self.request.tag, wait, &(reason.text)());
        }
        Some(wait)
    }
}
