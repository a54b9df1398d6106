//! Bytes a second: a limit for all bodies together, and a lowest speed for each.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

use crate::alarm::after;
use crate::error::Error;
use crate::limits::Limits;

/// How far bodies may be ahead of the limit before a wait: so waits are not too short.
const BURST: Duration = Duration::from_millis(50);

/// The speed of all bodies of a fetcher.
#[derive(Debug)]
pub(crate) struct Speed {
    /// Bytes a second of all bodies, and the time at which the received bytes would have come at that speed.
    most: Option<(f64, Mutex<Instant>)>,
    /// Bytes a second of each body, and how long it may be slower.
    least: Option<(u64, Duration)>,
}

/// Measures whether one body is too slow.
#[derive(Debug)]
pub(crate) struct Slowness {
    least: u64,
    during: Duration,
    /// The start of the current measurement.
    since: Instant,
    bytes: u64,
}

impl Speed {
    pub(crate) fn new(limits: &Limits) -> Speed {
        let most = limits.bytes_a_second.filter(|most| *most > 0);
        Speed {
            most: most.map(|most| (most as f64, Mutex::new(Instant::now()))),
            least: limits.lowest_speed.filter(|(least, _)| *least > 0),
        }
    }

    /// Counts bytes that came. Returns how long to wait before the next are read.
    pub(crate) fn take(&self, bytes: u64) -> Option<Duration> {
        let (most, paid) = self.most.as_ref()?;
        let now = Instant::now();
        let mut paid = paid.lock().unwrap_or_else(PoisonError::into_inner);
        let price = Duration::try_from_secs_f64(bytes as f64 / most).unwrap_or(Duration::MAX);
        *paid = after((*paid).max(now), price);
        (*paid > now + BURST).then(|| *paid - now)
    }

    /// Begins to measure a body, if there is a lowest speed.
    pub(crate) fn slowness(&self) -> Option<Slowness> {
        let (least, during) = self.least?;
        Some(Slowness {
            least,
            during,
            since: Instant::now(),
            bytes: 0,
        })
    }
}

impl Slowness {
    /// Excludes a wait that the limit of all bodies caused.
    pub(crate) fn excuse(&mut self, wait: Duration) {
        self.since = after(self.since, wait);
    }

    /// When to [`check`](Slowness::check), also if no bytes come.
    pub(crate) fn next_check(&self) -> Instant {
        after(self.since, self.during)
    }

    /// # Errors
    /// If the body was too slow for too long.
    pub(crate) fn check(&mut self, bytes: u64) -> Result<(), Error> {
        let (least, during) = (self.least, self.during);
        self.bytes += bytes;
        let elapsed = self.since.elapsed();
        if elapsed < during {
            return Ok(());
        }
        if (self.bytes as f64) < least as f64 * elapsed.as_secs_f64() {
            return Err(Error::TooSlow { least, during });
        }
        self.since = Instant::now();
        self.bytes = 0;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn all_bodies_together_keep_to_the_limit() {
        let speed = Speed::new(&Limits {
            bytes_a_second: Some(1000),
            ..Limits::default()
        });
        let start = Instant::now();
        for _ in 0..50 {
            if let Some(wait) = speed.take(100) {
                tokio::time::sleep(wait).await;
            }
        }
        assert_eq!(start.elapsed().as_secs_f64().round(), 5.0);
    }

    #[tokio::test(start_paused = true)]
    async fn what_drips_is_too_slow() {
        let speed = Speed::new(&Limits {
            lowest_speed: Some((100, Duration::from_secs(10))),
            ..Limits::default()
        });
        let mut seconds = 0;
        let mut fast = speed.slowness().unwrap();
        let mut slow = speed.slowness().unwrap();
        loop {
            tokio::time::advance(Duration::from_secs(1)).await;
            seconds += 1;
            fast.check(100).unwrap();
            if slow.check(99).is_err() {
                break;
            }
        }
        assert_eq!(seconds, 10);
    }
}
