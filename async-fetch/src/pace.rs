//! The pace for one host: how many requests it gets. It follows the host's answers.
//!
//! A server that answers 429 or 503 is overloaded. Its capacity is unknown, and is found as TCP finds the
//! capacity of a network (RFC 5681): additive increase, multiplicative decrease. A refusal halves the
//! requests in flight and the requests a second; each answer raises both a little. So both stay near the
//! server's capacity, and refusals are rare.

use std::time::{Duration, Instant};

/// Requests a second that the first refusal halves. (Before it there is no limit.)
const FIRST: f64 = 32.0;

/// Requests a second, at least, for a host that has answered before.
const LEAST: f64 = 0.2;

/// The same for a host that has refused everything: it may be broken, not busy.
const LEAST_OF_THE_SILENT: f64 = 10.0;

/// Answers that make up for one refusal.
const ANSWERS: f64 = 16.0;

/// Requests a second from which on there is no limit again.
const LIFTED: f64 = 100.0;

/// The pace for one host. It has no clock and starts nothing: the caller reports answers and refusals, and
/// asks how many requests are allowed. A [`Fetcher`](crate::Fetcher) has one for each host.
///
/// # Examples
///
/// ```
/// use std::time::{Duration, Instant};
/// use async_fetch::Pace;
///
/// let start = Instant::now();
/// let mut pace = Pace::new(6);
/// assert_eq!((pace.at_once(), pace.interval()), (6, Duration::ZERO));
/// pace.refused(start, start);
/// assert_eq!((pace.at_once(), pace.a_second()), (3, Some(16.0)));
/// // Refusals of requests that were sent before do not count again.
/// pace.refused(start, start);
/// assert_eq!(pace.at_once(), 3);
/// for _ in 0..1000 {
///     pace.answered();
/// }
/// assert_eq!((pace.at_once(), pace.a_second()), (6, None));
/// ```
#[derive(Clone, Debug)]
pub struct Pace {
    /// Requests in flight at once, before any refusal.
    most: usize,
    at_once: f64,
    /// Infinite without a limit.
    a_second: f64,
    /// The increase with each answer.
    step: f64,
    /// When it was last slowed down.
    slowed: Option<Instant>,
    has_answered: bool,
    refusals: u64,
}

impl Pace {
    /// The pace of a host that has refused nothing yet; at least one request at once.
    pub fn new(most_at_once: usize) -> Pace {
        let most = most_at_once.max(1);
        Pace {
            most,
            at_once: most as f64,
            a_second: f64::INFINITY,
            step: 0.0,
            slowed: None,
            has_answered: false,
            refusals: 0,
        }
    }

    /// Records that a request that was sent at `sent` was refused (429 or 503). The pace slows down and returns
    /// true, unless that request was sent before it last slowed down.
    pub fn refused(&mut self, sent: Instant, now: Instant) -> bool {
        self.refusals += 1;
        if self.slowed.is_some_and(|slowed| sent <= slowed) {
            return false;
        }
        let least = match self.has_answered {
            true => LEAST,
            false => LEAST_OF_THE_SILENT,
        };
        self.slowed = Some(now);
        self.at_once = (self.at_once / 2.0).max(1.0);
        let before = self.a_second;
        self.a_second = (before.min(FIRST) / 2.0).max(least);
        self.step = self.a_second / ANSWERS;
        self.a_second < before
    }

    /// Records an answer with any other status.
    pub fn answered(&mut self) {
        self.has_answered = true;
        if !self.is_slowed() {
            return;
        }
        self.at_once = (self.at_once + 1.0 / self.at_once).min(self.most as f64);
        self.a_second += self.step;
        if self.a_second > LIFTED {
            self.a_second = f64::INFINITY;
        }
    }

    /// Whether it is slower than at first.
    pub fn is_slowed(&self) -> bool {
        self.a_second.is_finite() || self.at_once < self.most as f64
    }

    /// Requests that may be in flight at once.
    pub fn at_once(&self) -> usize {
        self.at_once as usize
    }

    /// Requests that may be sent in a second; `None` without a limit.
    pub fn a_second(&self) -> Option<f64> {
        self.a_second.is_finite().then_some(self.a_second)
    }

    /// The time from one start to the next.
    pub fn interval(&self) -> Duration {
        self.a_second()
            .map_or(Duration::ZERO, |rate| Duration::from_secs_f64(1.0 / rate))
    }

    /// How often it was refused.
    pub fn refusals(&self) -> u64 {
        self.refusals
    }

    pub(crate) fn has_answered(&self) -> bool {
        self.has_answered
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server with a limit as nginx's `limit_req` without `burst` has it: a request is refused if
    /// less than `1 / rate` has passed since the last that was not.
    fn refused_of(requests: usize, rate: f64) -> (usize, f64) {
        let start = Instant::now();
        let mut pace = Pace::new(6);
        let (mut now, mut last, mut refused, mut done) = (start, None::<Instant>, 0, 0);
        while done < requests {
            let early = |last: Instant| (now - last).as_secs_f64() < 1.0 / rate;
            if last.is_some_and(early) {
                refused += 1;
                pace.refused(now, now);
            } else {
                last = Some(now);
                done += 1;
                pace.answered();
            }
            now += pace.interval().max(Duration::from_millis(1));
        }
        (refused, (now - start).as_secs_f64())
    }

    #[test]
    fn it_finds_what_a_server_can_do_and_is_seldom_refused() {
        for rate in [0.5, 1.0, 10.0, 30.0] {
            let (refused, seconds) = refused_of(300, rate);
            assert!(refused <= 300 / 8, "{rate}: {refused} refused");
            // Less than half of it would be a waste.
            assert!(seconds < 2.0 * 300.0 / rate, "{rate}: {seconds} s");
        }
    }

    #[test]
    fn a_host_that_never_answered_is_not_waited_for_long() {
        let mut pace = Pace::new(6);
        let mut now = Instant::now();
        for _ in 0..20 {
            now += Duration::from_secs(1);
            pace.refused(now, now);
        }
        assert_eq!(
            (pace.at_once(), pace.a_second()),
            (1, Some(LEAST_OF_THE_SILENT))
        );
    }
}
