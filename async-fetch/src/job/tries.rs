//! Decides whether there is another attempt, and when.

use std::time::Duration;

use tokio::time::Instant;

use super::Job;
use crate::alarm;
use crate::error::{Error, Phase};
use crate::gate::Host;
use crate::retry;
use crate::sink::Sink;

/// Refused attempts that do not count, because the host answers other requests: more than the pace needs
/// to adapt, and few enough for a page that is always refused.
const FREE: u32 = 10;

/// How often a message is sent again at once after its connection was closed before an answer.
const RESENT: u32 = 1;

/// How often a message is sent again at once after the server said that it had not processed it.
const UNPROCESSED: u32 = 10;

/// The attempts of a request.
#[derive(Debug, Default)]
pub(super) struct Tries {
    pub(super) attempts: u32,
    /// Attempts that count: those without progress, and not those that were refused in favour of others.
    counted: u32,
    free: u32,
    resent: u32,
    unprocessed: u32,
    /// The longest part of the body so far.
    furthest: u64,
    /// The last attempt made the part longer.
    progressed: bool,
    /// How many requests the host had answered when the attempt began.
    answers_before: u64,
    /// There was no further attempt because the retry budget was spent.
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

    /// Starts again at another server.
    pub(super) fn start_over(&mut self) {
        *self = Tries {
            attempts: self.attempts,
            ..Tries::default()
        };
    }

    /// Records progress, if the part can be resumed.
    pub(super) fn progress(&mut self, sink: &Sink) {
        self.progress_of(sink, 1);
    }

    /// Records progress, if it is `least` bytes or more.
    pub(super) fn progress_of(&mut self, sink: &Sink, least: u64) {
        let reached = sink.left().map_or(0, |_| sink.length());
        let gained = reached.saturating_sub(self.furthest);
        self.furthest += gained;
        if gained >= least {
            self.progressed = true;
            self.counted = 0;
        }
    }

    /// Whether a message that the server has not processed can be sent again at once.
    pub(super) fn can_be_sent_anew(&mut self) -> bool {
        self.unprocessed += 1;
        self.unprocessed <= UNPROCESSED
    }

    /// Whether a message can be sent again at once, because its connection was closed before an answer, and
    /// the host had answered before. A kept connection can always be closed by the server.
    fn can_be_resent(&mut self) -> bool {
        let resent = self.answers_before > 0 && self.resent < RESENT;
        self.resent += u32::from(resent);
        resent
    }

    /// Whether a refusal does not count: the host has answered other requests meanwhile, or gets fewer
    /// requests from now on. Then a later attempt will succeed.
    fn is_for_others(&mut self, host: &Host, slower: bool) -> bool {
        let free = (slower || host.answers() > self.answers_before) && self.free < FREE;
        self.free += u32::from(free);
        self.counted -= u32::from(free && self.counted > 0);
        free
    }
}

/// The reason for another attempt.
pub(super) struct Reason<'a> {
    /// The wait that the server asked for.
    pub(super) asked: Option<Duration>,
    /// It is not counted in the budget.
    pub(super) free: bool,
    pub(super) text: &'a dyn Fn() -> String,
}

impl Job<'_> {
    /// Whether the message can be sent again at once after an error, without a further attempt.
    pub(super) fn resends_after(&mut self, error: &Error) -> bool {
        matches!(error, Error::Closed)
            && self.inner.retries.most > 0
            && retry::is_idempotent(self.route.method())
            && self.tries.can_be_resent()
    }

    /// The bytes by which an attempt that ended with this error must have made the part longer, so that it does
    /// not count. One that was too slow at its end must not have been too slow as a whole.
    pub(super) fn least_progress(&self, error: &Error) -> u64 {
        match error {
            Error::TooSlow { least, .. } => {
                let bytes = *least as f64 * self.clock.since_sent().as_secs_f64();
                (bytes as u64).max(1)
            }
            _ => 1,
        }
    }

    /// How long to wait for another attempt after an error; `None` if there is to be none.
    pub(super) fn wait_after(&mut self, error: &Error) -> Option<Duration> {
        let refused = self.inner.retries.refused && matches!(error, Error::Refused);
        // A message that never reached the server can be sent again, whatever its method.
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
        // The attempt would start after the deadline.
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
