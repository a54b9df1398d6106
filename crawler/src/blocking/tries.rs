//! Whether there is to be another attempt: the rules of async-fetch.

use std::time::{Duration, Instant, SystemTime};

use async_fetch::{Answer, Error, Retries, is_busy, retry_after};

use super::gate::Host;

/// Attempts that cost nothing, because the host refused this one and not all others: more than a host's
/// pace needs to be found, few enough for a page that is always refused.
const FREE: u32 = 10;

/// How often a request was tried.
#[derive(Debug, Default)]
pub(super) struct Tries {
    pub(super) attempts: u32,
    /// Those that count: not only refused for others' sake.
    pub(super) counted: u32,
    free: u32,
    was_resent: bool,
    /// What the host had answered when the attempt began.
    answers_before: u64,
    /// There would have been another attempt, had there not been so many by others.
    pub(super) out_of_budget: bool,
}

/// Why there should be another attempt.
pub(super) struct Reason {
    /// The wait that the server asked for.
    pub(super) asked: Option<Duration>,
    /// Nobody's budget pays for it.
    pub(super) free: bool,
    /// As if it had not been sent.
    pub(super) at_once: bool,
}

impl Tries {
    pub(super) fn begin(&mut self, host: &Host) {
        self.attempts += 1;
        self.counted += 1;
        self.answers_before = host.answers();
    }

    /// Tells the host how it went, and says why it should be tried again, if it should.
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
            // It is the host that has too much to do, not this page.
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
        // A connection that was kept may be closed while a message is on its way.
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

    /// Whether a refusal is for the sake of others: the host has answered others meanwhile, or is asked
    /// slower from now on. Then there will be a turn for this one too.
    fn is_for_others(&mut self, host: &Host, slower: bool) -> bool {
        let free = (slower || host.answers() > self.answers_before) && self.free < FREE;
        self.free += u32::from(free);
        self.counted -= u32::from(free && self.counted > 0);
        free
    }
}
