//! When to try again, and when to leave it.
//!
//! Three rules keep retries from making things worse: only what changes nothing at the other end
//! is sent twice; the waits grow and are spread out, so that clients do not come back all at once
//! (M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015); and all retries
//! together are a fixed share of all requests, so that a server that fails is not asked three
//! times as much as one that works (the retry budget of Finagle).

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use http::{HeaderMap, Method, StatusCode, header};

/// How requests are tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Retries {
    /// Attempts after the first (default: 3).
    pub most: u32,
    /// The wait before the second attempt (default: 250 ms); it doubles with each that follows. What is
    /// waited is between half of that and all of it, at random.
    pub base: Duration,
    /// The longest wait that is chosen here (default: 30 s).
    pub longest: Duration,
    /// The longest wait that a server may ask for by `Retry-After` (default: 60 s). If it asks for
    /// more, there is no further attempt.
    pub longest_asked: Duration,
    /// The budget: retries for each request, of all requests together (default: 0.2), beyond the
    /// [`reserve`](Retries::reserve). An [`Outcome`](crate::Outcome) says if it was spent. Nothing is
    /// taken from it by an attempt that goes on with a file that has grown, nor by one that a host
    /// refused (429, 503) while it answered others.
    pub share: f64,
    /// Retries that are there from the start (default: 100).
    pub reserve: u32,
    /// Whether a refused connection is tried again (default: no): mostly nobody is there.
    pub refused: bool,
    /// Statuses after which it is tried again, beside 408, 429, 500, 502, 503 and 504 (default: none).
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
    /// None at all.
    pub fn none() -> Retries {
        Retries {
            most: 0,
            ..Retries::default()
        }
    }

    /// Whether another attempt could get another answer.
    pub fn is_transient(&self, status: StatusCode) -> bool {
        matches!(status.as_u16(), 408 | 429 | 500 | 502 | 503 | 504) || self.also.contains(&status)
    }

    /// How long to wait after so many attempts; `chance` is from 0 to 1.
    pub fn wait(&self, attempts: u32, chance: f64) -> Duration {
        let doublings = attempts.saturating_sub(1).min(30);
        let whole = self.base.saturating_mul(1 << doublings).min(self.longest);
        whole.mul_f64(0.5 + 0.5 * chance.clamp(0.0, 1.0))
    }
}

/// Whether sending it twice is the same as sending it once (RFC 9110, section 9.2.2).
pub(crate) fn is_idempotent(method: &Method) -> bool {
    matches!(
        *method,
        Method::GET | Method::HEAD | Method::OPTIONS | Method::TRACE | Method::PUT | Method::DELETE
    )
}

/// Whether a server says that it has too much to do: 429 and 503.
pub fn is_busy(status: StatusCode) -> bool {
    matches!(status.as_u16(), 429 | 503)
}

/// What `Retry-After` asks for, in either of its forms (RFC 9110, section 10.2.3); nonsense and
/// times in the past ask for nothing.
pub fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More digits than a number has are a long time too.
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
    // The keys of a new one are random, which is all that is wanted of it.
    RandomState::new().hash_one(0_u8)
}

/// Something from 0 to 1 that differs between requests and runs: for [`Retries::wait`].
pub fn chance() -> f64 {
    (random() >> 11) as f64 / (1_u64 << 53) as f64
}

/// How many retries may still be made, of all requests of a fetcher.
#[derive(Debug)]
pub struct Budget {
    /// In thousandths, so that shares add up without a lock.
    left: AtomicU64,
    share: u64,
    full: u64,
}

const WHOLE: u64 = 1000;

/// As many as this are saved up at most: a long run that went well should not end in a storm.
const SAVED: u64 = 10;

impl Budget {
    /// The budget that these retries have.
    pub fn new(retries: &Retries) -> Budget {
        let reserve = u64::from(retries.reserve) * WHOLE;
        Budget {
            left: AtomicU64::new(reserve),
            share: (retries.share.clamp(0.0, 1000.0) * WHOLE as f64) as u64,
            full: reserve.saturating_mul(SAVED).max(WHOLE),
        }
    }

    /// A request was made.
    pub fn earn(&self) {
        let left = self.left.load(Ordering::Relaxed);
        if left < self.full {
            self.left.fetch_add(self.share, Ordering::Relaxed);
        }
    }

    /// Takes a retry, if there is one.
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
