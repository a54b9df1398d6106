//! The summary of all URLs.

use std::fmt::Write;
use std::time::{Duration, Instant};

use async_fetch::Slowed;
use common::timing::{human_bytes, human_duration};
use hdrhistogram::Histogram;
use serde::Serialize;

/// Failures that the summary names. (Each had a line of its own already.)
const NAMED: usize = 10;

/// Columns of the longest bar.
const WIDEST: u64 = 40;

/// Busy hosts that the summary names.
const HOSTS: usize = 5;

/// The longest time that is recorded, in microseconds: a day.
const LONGEST: u64 = 24 * 3600 * 1_000_000;

/// Counts of each kind of result.
pub(super) struct Counts {
    start: Instant,
    pub(super) times: Times,
    pub(super) fetched: u64,
    pub(super) there: u64,
    pub(super) repeated: u64,
    pub(super) failed: u64,
    pub(super) bytes: u64,
    pub(super) retries: u64,
    /// URLs that were read and have no result yet.
    pub(super) unfinished: u64,
    /// The run ended before the list did.
    pub(super) stopped: bool,
    /// The first few failures.
    failures: Vec<String>,
}

/// The times of requests, in microseconds, with two significant digits.
pub(super) struct Times(Histogram<u64>);

impl Times {
    fn new() -> Times {
        // An error is only for bounds that are 0 or too close, and for more than five digits.
        let histogram = Histogram::new_with_bounds(1, LONGEST, 2);
        Times(histogram.unwrap_or_else(|_| unreachable!("valid bounds")))
    }

    pub(super) fn record(&mut self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.0.saturating_record(micros.max(1));
    }

    /// The time within which this percentage of requests was done.
    fn percentile(&self, percent: f64) -> Option<Duration> {
        let micros = self.0.value_at_quantile(percent / 100.0);
        (!self.0.is_empty()).then(|| Duration::from_micros(micros))
    }

    fn longest(&self) -> Duration {
        Duration::from_micros(self.0.max())
    }

    /// How many requests took up to each time. Each time is twice the one before.
    fn doublings(&self) -> Vec<(Duration, u64)> {
        if self.0.is_empty() {
            return Vec::new();
        }
        let mut first = 1_u64 << self.0.min().max(1).ilog2();
        if first > 1 {
            first *= 2;
        }
        let steps = self.0.iter_log(first, 2.0);
        steps
            .map(|step| {
                let end = Duration::from_micros(step.value_iterated_to().saturating_add(1));
                (end, step.count_since_last_iteration())
            })
            .skip_while(|(_, count)| *count == 0)
            .collect()
    }
}

/// The summary in JSON.
#[derive(Serialize)]
pub(super) struct Summary {
    urls: u64,
    fetched: u64,
    there: u64,
    repeated: u64,
    failed: u64,
    /// URLs that were read and not fetched, because the run was stopped.
    unfinished: u64,
    stopped: bool,
    bytes: u64,
    seconds: f64,
    retries: u64,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

impl Counts {
    pub(super) fn new() -> Counts {
        Counts {
            start: Instant::now(),
            times: Times::new(),
            fetched: 0,
            there: 0,
            repeated: 0,
            failed: 0,
            bytes: 0,
            retries: 0,
            unfinished: 0,
            stopped: false,
            failures: Vec::new(),
        }
    }

    pub(super) fn failure(&mut self, line: Option<u64>, url: &str, reason: &str) {
        self.failed += 1;
        if self.failures.len() < NAMED {
            let line = line.map_or_else(String::new, |line| format!("line {line}: "));
            self.failures.push(format!("{line}{url}: {reason}"));
        }
    }

    pub(super) fn summary(&self) -> Summary {
        let seconds = |percent| self.times.percentile(percent).map(|it| it.as_secs_f64());
        Summary {
            urls: self.fetched + self.there + self.repeated + self.failed,
            fetched: self.fetched,
            there: self.there,
            repeated: self.repeated,
            failed: self.failed,
            unfinished: self.unfinished,
            stopped: self.stopped,
            bytes: self.bytes,
            seconds: self.start.elapsed().as_secs_f64(),
            retries: self.retries,
            p50: seconds(50.0),
            p90: seconds(90.0),
            p99: seconds(99.0),
            max: seconds(100.0),
        }
    }

    pub(super) fn text(&self, slowed: &[Slowed]) -> String {
        let elapsed = self.start.elapsed();
        let asked = self.times.0.len();
        // Writing into a text does not fail.
        let mut text = format!("{} fetched, {} failed", self.fetched, self.failed);
        for (count, kind) in [(self.there, "there already"), (self.repeated, "repeated")] {
            if count > 0 {
                let _ = write!(text, ", {count} {kind}");
            }
        }
        let _ = writeln!(
            text,
            "; {} in {}, {:.0} a second, {} retries",
            human_bytes(self.bytes),
            human_duration(elapsed),
            asked as f64 / elapsed.as_secs_f64(),
            self.retries,
        );
        if self.stopped {
            let _ = writeln!(
                text,
                "stopped before the end: {} URLs that had been read were not fetched",
                self.unfinished
            );
        }
        if asked > 1 {
            self.distribution(&mut text);
        }
        for host in slowed.iter().take(HOSTS) {
            let _ = writeln!(
                text,
                "busy: {} refused {} requests (429, 503), and was asked slower",
                host.host, host.refusals
            );
        }
        for failure in &self.failures {
            let _ = writeln!(text, "failed: {failure}");
        }
        let named = self.failures.len() as u64;
        if self.failed > named {
            let _ = writeln!(text, "and {} more", self.failed - named);
        }
        text
    }

    fn distribution(&self, text: &mut String) {
        for (name, percent) in [
            ("half within", 50.0),
            ("90% within", 90.0),
            ("99% within", 99.0),
        ] {
            if let Some(time) = self.times.percentile(percent) {
                let _ = write!(text, "{name} {}, ", human_duration(time));
            }
        }
        let _ = writeln!(text, "the longest {}", human_duration(self.times.longest()));
        let doublings = self.times.doublings();
        let counts = doublings.iter().map(|(_, count)| *count);
        let most = counts.max().unwrap_or(1).max(1);
        for (end, count) in doublings {
            let bar = "#".repeat((count * WIDEST).div_ceil(most) as usize);
            let _ = writeln!(text, "{:>9}  {bar:<40} {count}", human_duration(end));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_to_a_hundredth_and_bars_double() {
        let mut times = Times::new();
        for micros in 1..=10_000 {
            times.record(Duration::from_micros(micros));
        }
        for (percent, micros) in [
            (50.0, 5000.0),
            (90.0, 9000.0),
            (99.0, 9900.0),
            (100.0, 10_000.0),
        ] {
            let found = times.percentile(percent).unwrap().as_micros() as f64;
            assert!((found / micros - 1.0).abs() < 0.01, "{percent}: {found}");
        }
        let doublings = times.doublings();
        assert_eq!(
            doublings.iter().map(|(_, count)| count).sum::<u64>(),
            10_000
        );
        assert!(
            doublings.windows(2).all(|pair| pair[1].0 == 2 * pair[0].0),
            "{doublings:?}"
        );
        assert_eq!(Times::new().percentile(50.0), None);
        assert!(Times::new().doublings().is_empty());
    }
}
