//! Retries: whether a request is sent again, and when.
//!
//! For each request call [`Budget::earn`]. After a failure, wait as [`retry_after`] or [`Retries::wait`] says,
//! and send it again if its attempts are fewer than the limit and [`Budget::spend`] returns true.
//!
//! Three rules keep retries harmless:
//! - Only requests that change nothing at the server are sent twice.
//! - The waits grow and have jitter, so that clients do not come back all at once (M. Brooker, "Exponential
//!   Backoff And Jitter", AWS Architecture Blog, 2015).
//! - All retries together are a fixed share of all requests, so that a failing server does not get three
//!   times as many requests as a working one (the retry budget of Finagle).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode, header};

/// The rules for retries.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// Attempts after the first (default: 3).
    pub most: u32,
    /// The wait before the second attempt (default: 250 ms). It doubles with each further attempt. The real
    /// wait is random, between half of that and all of it.
    pub base: Duration,
    /// The longest wait, if the server does not ask for one (default: 30 s).
    pub longest: Duration,
    /// The longest wait that a server may ask for by `Retry-After` (default: 60 s). If it asks for a longer
    /// one, there is no further attempt.
    pub longest_asked: Duration,
    /// The budget: retries of all requests together, for each request (default: 0.2), in addition to the
    /// [`reserve`](Retries::reserve). An [`Outcome`](crate::Outcome) says if it was spent. Two kinds of
    /// attempts are not counted: after an attempt that made a file longer, and after a refusal (429, 503) of
    /// a host that answered other requests.
    pub share: f64,
    /// Retries that are allowed from the start (default: 100).
    pub reserve: u32,
    /// Whether to retry after a refused connection (default: no): mostly there is no server.
    pub refused: bool,
    /// Statuses to retry after, in addition to 408, 429, 500, 502, 503 and 504 (default: none).
    pub also: Vec<StatusCode>,
}

impl Default for Retries {
    fn default() -> Self {
        Retries {
            most: 3,
            base: Duration::from_millis(250),
            longest: Duration::from_secs(30),
            longest_asked: Duration::from_secs(60),
            share: 0.2,
            reserve: 100,
            refused: false,
            also: Vec::new(),
        }
    }
}

impl Retries {
    /// No retries.
    pub fn none() -> Retries {
        Retries {
            most: 0,
            ..Retries::default()
        }
    }

    /// Whether to retry after this status.
    pub fn is_transient(&self, status: StatusCode) -> bool {
        matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504) || self.also.contains(&status)
    }

    /// The wait after this number of attempts; `chance` is a random number from 0 to 1.
    pub fn wait(&self, attempts: u32, chance: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(30);
        let whole = self.base.saturating_mul(1 << doublings).min(self.longest);
        whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }
}

/// Whether sending a request twice has the same effect as sending it once (RFC 9110, section 9.2.2).
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// Whether a server says that it is overloaded: 429 and 503.
pub fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503)
}

/// The wait of a `Retry-After`, in either of its forms (RFC 9110, section 10.2.3); `None` if it is invalid or
/// in the past.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // A number that is too large is a long time, too.
        return Some(Duration::from_secs(text.parse().unwrap_or(u64::MAX)));
    }
    httpdate::parse_http_date(text)
        .ok()?
        .duration_since(now)
        .ok()
}

/// A number that differs between requests and runs.
pub(crate) fn random() -> u64 {
    use std::hash::{BuildHasher, RandomState};
    // Its keys are random.
    RandomState::new().hash_one(0_u8)
}

/// A random number from 0 to 1, for [`Retries::wait`].
pub fn chance() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

/// The retry budget of all requests of a fetcher.
#[derive(Debug)]
pub struct Budget {
    /// In thousandths of a retry, so that an atomic counter is enough.
    left: AtomicU64,
    share: u64,
    full: u64,
}

const WHOLE: u64 = 1000;

/// The budget grows to this multiple of the reserve at most: a long run without failures must not end with a
/// storm of retries.
const SAVED: u64 = 10;

impl Budget {
    /// The budget of these rules.
    pub fn new(retries: &Retries) -> Budget {
        let reserve = u64::from(retries.reserve) * WHOLE;
        Budget {
            left: AtomicU64::new(reserve),
            share: (retries.share.clamp(0.0, 1000.0) * WHOLE as f64) as u64,
            full: reserve.saturating_mul(SAVED).max(WHOLE),
        }
    }

    /// Counts a request.
    pub fn earn(&self) {
        let left = self.left.load(Ordering::Relaxed);
        if left < self.full {
            self.left.fetch_add(self.share, Ordering::Relaxed);
        }
    }

    /// Takes a retry. Returns whether there was one.
    pub fn spend(&self) -> bool {
        self.left
            .try_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(WHOLE)
            })
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_are_spread_and_end() {
        let retries = Retries {
            base: Duration::from_millis(100),
            longest: Duration::from_millis(1000),
            ..Retries::default()
        };
        let ms = |attempts, chance| retries.wait(attempts, chance).as_millis();
        assert_eq!((ms(1, 0.0), ms(1, 1.0)), (50, 100));
        assert_eq!((ms(2, 0.0), ms(2, 1.0)), (100, 200));
        assert_eq!(
            (ms(3, 0.5), ms(9, 1.0), ms(u32::MAX, 1.0)),
            (300, 1000, 1000)
        );
    }

    #[test]
    fn both_forms_of_retry_after_are_read() {
        let now = httpdate::parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT").unwrap();
        let asked = |text: &str| {
            let headers = HeaderMap::from_iter([(header::RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, now).map(|wait| wait.as_secs())
        };
        assert_eq!(asked("120"), Some(120));
        assert_eq!(asked(" 0 "), Some(0));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(asked("Sun, 06 Nov 1994 08:49:27 GMT"), None);
        assert_eq!(asked("99999999999999999999999"), Some(u64::MAX));
        for nonsense in ["", "soon", "-5", "1.5", "+3"] {
            assert_eq!(asked(nonsense), None, "{nonsense}");
        }
    }

    #[test]
    fn retries_are_a_share_of_the_requests() {
        let budget = Budget::new(&Retries {
            share: 0.25,
            reserve: 2,
            ..Retries::default()
        });
        assert!(budget.spend() && budget.spend());
        assert!(!budget.spend());
        (0..4).for_each(|_| budget.earn());
        assert!(budget.spend());
        assert!(!budget.spend());
        (0..1000).for_each(|_| budget.earn());
        let saved = (0..1000).filter(|_| budget.spend()).count();
        assert_eq!(saved, 20);
    }
}
