//! What is told: a line for each URL, and a summary.

use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use async_fetch::{Body, Error, Histogram, Outcome, Url};
use common::cli::{self, Stdout};
use common::timing::{human_bytes, human_duration};
use serde::Serialize;

use super::args::Args;
use super::bars::Bars;

/// Failures that the summary names; each had its line already.
const NAMED: usize = 10;

/// How long a line may lie in the buffer while others follow it.
const FRESH: Duration = Duration::from_millis(200);

/// Columns of the longest bar.
const WIDEST: u64 = 40;

/// A URL's line in JSON.
#[derive(Serialize)]
struct Line<'a> {
    url: &'a str,
    status: Option<u16>,
    bytes: u64,
    seconds: f64,
    attempts: u32,
    error: Option<&'a str>,
    /// The kind of error, for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'a str>,
    /// Where the answer is from, if that is elsewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    final_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    file: Option<String>,
    /// Bytes that an earlier run had fetched.
    #[serde(skip_serializing_if = "is_zero")]
    resumed_from: u64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// The summary in JSON.
#[derive(Serialize)]
struct Summary {
    urls: u64,
    fetched: u64,
    there: u64,
    failed: u64,
    bytes: u64,
    seconds: f64,
    retries: u64,
    p50: Option<f64>,
    p90: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

pub(super) struct Report {
    out: Stdout,
    json: bool,
    quiet: bool,
    summary: bool,
    terminal: bool,
    bars: Option<Arc<Bars>>,
    start: Instant,
    flushed: Instant,
    times: Histogram,
    fetched: u64,
    there: u64,
    failed: u64,
    bytes: u64,
    retries: u64,
    /// The first few.
    failures: Vec<String>,
    /// Nobody reads any more, or the disk is full: noticed where it could not be returned.
    broken: Option<io::Error>,
}

impl Report {
    pub(super) fn new(args: &Args, bars: Option<Arc<Bars>>) -> Report {
        let now = Instant::now();
        Report {
            out: cli::stdout(),
            json: args.output.json,
            quiet: args.output.quiet,
            summary: args.summary,
            terminal: io::stdout().is_terminal(),
            bars,
            start: now,
            flushed: now,
            times: Histogram::default(),
            fetched: 0,
            there: 0,
            failed: 0,
            bytes: 0,
            retries: 0,
            failures: Vec::new(),
            broken: None,
        }
    }

    pub(super) fn has_failures(&self) -> bool {
        self.failed > 0
    }

    /// Tells of one.
    ///
    /// # Errors
    /// If standard output can't be written.
    pub(super) fn outcome(&mut self, outcome: &Outcome) -> io::Result<()> {
        self.retries += u64::from(outcome.attempts.saturating_sub(1));
        self.times.record(outcome.times.total);
        let failure = outcome.failure();
        let (bytes, resumed_from) = match &outcome.result {
            Ok(answer) => (answer.length, answer.resumed_from),
            Err(_) => (0, 0),
        };
        self.bytes += bytes - resumed_from;
        match &failure {
            Some(reason) => self.failure(outcome.url.as_str(), reason),
            None => self.fetched += 1,
        }
        if self.summary {
            return Ok(());
        }
        let file = match outcome.result.as_ref().map(|answer| &answer.body) {
            Ok(Body::File(path)) => Some(path.display().to_string()),
            _ => None,
        };
        self.line(&Line {
            url: outcome.url.as_str(),
            status: outcome.status().map(|status| status.as_u16()),
            bytes,
            seconds: outcome.times.total.as_secs_f64(),
            attempts: outcome.attempts,
            error: failure.as_deref(),
            kind: outcome.result.as_ref().err().map(Error::kind),
            final_url: outcome.redirects.last().map(Url::as_str),
            file,
            resumed_from,
        })
    }

    /// Tells of one that is there already.
    pub(super) fn there(&mut self, url: &Url, path: &Path, bytes: u64) {
        self.there += 1;
        let told = self.summary
            || self
                .told(url.as_str(), None, bytes, None, Some(path))
                .is_ok();
        debug_assert!(told || self.broken.is_some());
    }

    /// Tells of one that can't be fetched.
    pub(super) fn bad(&mut self, line: &str, error: &Error) {
        let reason = error.to_string();
        self.failure(line, &reason);
        if !self.summary {
            let _ = self.told(line, Some(&reason), 0, Some(error.kind()), None);
        }
    }

    /// A line for what was never asked for.
    fn told(
        &mut self,
        url: &str,
        error: Option<&str>,
        bytes: u64,
        kind: Option<&str>,
        file: Option<&Path>,
    ) -> Result<(), ()> {
        let line = Line {
            url,
            status: None,
            bytes,
            seconds: 0.0,
            attempts: 0,
            error,
            kind,
            final_url: None,
            file: file.map(|path| path.display().to_string()),
            resumed_from: 0,
        };
        self.line(&line).map_err(|error| self.broken = Some(error))
    }

    /// What could not be told earlier.
    ///
    /// # Errors
    /// If standard output could not be written.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.broken.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn failure(&mut self, url: &str, reason: &str) {
        self.failed += 1;
        if self.failures.len() < NAMED {
            self.failures.push(format!("{url}: {reason}"));
        }
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        let bars = self.bars.clone().filter(|_| self.terminal);
        let mut write = || {
            if self.json {
                self.out.json(line)?;
            } else {
                human(&mut self.out, line)?;
            }
            if self.terminal || self.flushed.elapsed() > FRESH {
                self.out.flush()?;
                self.flushed = Instant::now();
            }
            Ok(())
        };
        match bars {
            // The bars step aside for it.
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// The summary.
    ///
    /// # Errors
    /// If standard output can't be written.
    pub(super) fn conclude(&mut self) -> anyhow::Result<cli::Outcome> {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
        let elapsed = self.start.elapsed();
        if self.summary && self.json {
            let seconds = |percent| self.times.percentile(percent).map(|it| it.as_secs_f64());
            let summary = Summary {
                urls: self.fetched + self.there + self.failed,
                fetched: self.fetched,
                there: self.there,
                failed: self.failed,
                bytes: self.bytes,
                seconds: elapsed.as_secs_f64(),
                retries: self.retries,
                p50: seconds(50.0),
                p90: seconds(90.0),
                p99: seconds(99.0),
                max: (self.times.count() > 0).then(|| self.times.longest().as_secs_f64()),
            };
            self.out.json(&summary)?;
        } else if self.summary {
            let text = self.text(elapsed);
            self.out.write_all(text.as_bytes())?;
        }
        self.out.flush()?;
        if !self.summary && !self.quiet {
            common::remark!("{}", self.text(elapsed).trim_end());
        }
        Ok(match self.failed {
            0 => cli::Outcome::Done,
            _ => cli::Outcome::SomeFailed,
        })
    }

    fn text(&self, elapsed: Duration) -> String {
        use std::fmt::Write;
        let mut text = String::new();
        let asked = self.times.count();
        let _ = write!(text, "{} fetched, {} failed", self.fetched, self.failed);
        if self.there > 0 {
            let _ = write!(text, ", {} there already", self.there);
        }
        let _ = writeln!(
            text,
            "; {} in {}, {:.0} a second, {} retries",
            human_bytes(self.bytes),
            human_duration(elapsed),
            asked as f64 / elapsed.as_secs_f64(),
            self.retries,
        );
        if asked > 1 {
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
            let most = doublings
                .iter()
                .map(|(_, count)| *count)
                .max()
                .unwrap_or(1)
                .max(1);
            for (end, count) in doublings {
                let bar = "#".repeat((count * WIDEST).div_ceil(most) as usize);
                let _ = writeln!(text, "{:>9}  {bar:<40} {count}", human_duration(end));
            }
        }
        for failure in &self.failures {
            let _ = writeln!(text, "failed: {failure}");
        }
        if self.failed > self.failures.len() as u64 {
            let _ = writeln!(
                text,
                "and {} more",
                self.failed - self.failures.len() as u64
            );
        }
        text
    }
}

/// A line for people, and for `awk`.
fn human(out: &mut Stdout, line: &Line<'_>) -> io::Result<()> {
    let time = Duration::from_secs_f64(line.seconds);
    match line.status {
        Some(status) => write!(out, "{status}")?,
        None if line.error.is_some() => out.write_all(b"---")?,
        None => out.write_all(b"had")?,
    }
    let Line {
        bytes,
        attempts,
        url,
        ..
    } = line;
    write!(
        out,
        " {bytes:>10} {:>8} {attempts} {url}",
        human_duration(time)
    )?;
    if let Some(last) = line.final_url {
        write!(out, " -> {last}")?;
    }
    if let Some(error) = line.error.filter(|_| line.status.is_none()) {
        write!(out, ": {error}")?;
    }
    out.write_all(b"\n")
}
