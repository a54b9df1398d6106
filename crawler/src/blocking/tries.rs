//! Decides whether there is another attempt, by the rules of async-fetch.

use std::time::{Duration, Instant, SystemTime};

use async_fetch::{Answer, Error, Retries, is_busy, retry_after};

use super::gate::Host;

/// Refused attempts that do not count, because the host answers other requests: more than the pace needs to
/// adapt, and few enough for a page that is always refused.
const FREE: u32 = 10;

/// The attempts of a request.
#[derive(Debug, Default)]
pub(super) struct Tries {
    pub(super) attempts: u32,
    /// Attempts that count: not those that were refused in favour of others.
    pub(super) counted: u32,
    free: u32,
    was_resent: bool,
    /// How many requests the host had answered when the attempt began.
    answers_before: u64,
    /// There was no further attempt because the retry budget was spent.
    pub(super) out_of_budget: bool,
}

/// The reason for another attempt.
pub(super) struct Reason {
    /// The wait that the server asked for.
    pub(super) asked: Option<Duration>,
    /// It is not counted in the budget.
    pub(super) free: bool,
    /// Send it again at once, without a further attempt.
    pub(super) at_once: bool,
}

impl Tries {
    pub(super) fn begin(&mut self, host: &Host) {
        self.attempts += 1;
        self.counted += 1;
        self.answers_before = host.answers();
    }

    /// Reports the result to the host's pace. Returns the reason for another attempt, if there is one.
    pub(super) fn reason(
        &mut self,
        came: &Result<Answer, Error>,
        host: &Host,
        sent: Instant,
        retries: &Retries,
    ) -> Option<Reason> {
        let answer = match came {
            Ok(answer) => answer,
            Err(error) => return self.after(error, retries),
        };
        let busy = is_busy(answer.status);
        let slower = busy && host.refused(sent);
        if !busy {
            host.answered();
        }
        if !retries.is_transient(answer.status) {
            return None;
        }
        let asked = retry_after(&answer.headers, SystemTime::now());
        if let Some(asked) = asked
            && asked <= retries.longest_asked
        {
            // The host is overloaded, not this page: it gets no requests at all.
            host.pause(asked);
        }
        let free = busy && retries.most > 0 && self.is_for_others(host, slower);
        Some(Reason {
            asked,
            free,
            at_once: false,
        })
    }

    fn after(&mut self, error: &Error, retries: &Retries) -> Option<Reason> {
        // The server may close a kept connection while a message is being sent.
        let kept = matches!(error, Error::Closed) && self.answers_before > 0 && !self.was_resent;
        let at_once = kept && retries.most > 0;
        self.was_resent |= at_once;
        if at_once {
            self.counted -= 1;
            self.attempts -= 1;
        }
        let again = error.is_transient() || retries.refused && matches!(error, Error::Refused);
        (again || at_once).then_some(Reason {
            asked: None,
            free: false,
            at_once,
        })
    }

    /// Whether a refusal does not count: the host has answered other requests meanwhile, or gets fewer requests
    /// from now on. Then a later attempt will succeed.
    fn is_for_others(&mut self, host: &Host, slower: bool) -> bool {
        let free = (slower || host.answers() > self.answers_before) && self.free < FREE;
        self.free += u32::from(free);
        self.counted -= u32::from(free && self.counted > 0);
        free
    }
}
