//! The report: a line for each URL, and a summary.

mod line;
mod summary;

use std::collections::HashMap;
use std::fs::{File, OpenOptions};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, bail};
use async_fetch::{Error, Outcome, Request, Slowed, StatusCode, Url};
use common::cli::{self, Stdout, Usage};

use super::args::Args;
use super::bars::Bars;
use super::input::Origin;
use line::{Line, Result};
use summary::Counts;

/// How long a line may stay in the buffer while others follow it.
const FRESH: Duration = Duration::from_millis(200);

pub(super) struct Report {
    out: Stdout,
    style: Style,
    /// Where the body of a single URL is written.
    document: Option<Document>,
    bars: Option<Arc<Bars>>,
    flushed: Instant,
    counts: Counts,
    /// The texts of URLs that were given in another form, by tag, while they are in flight.
    given: HashMap<u64, String>,
    /// An error of standard output that could not be returned where it happened.
    broken: Option<io::Error>,
}

/// How it is told.
struct Style {
    json: bool,
    quiet: bool,
    summary: bool,
    /// With the headers (`-I`).
    headers: bool,
    terminal: bool,
}

enum Document {
    Stdout,
    Stream(File),
}

impl Report {
    /// # Errors
    /// If standard output is used twice, or the file for the body can't be opened.
    pub(super) fn new(args: &Args, bars: Option<Arc<Bars>>) -> anyhow::Result<Report> {
        let document = match args.saving.document.as_deref() {
            Some(path) if path == Path::new("-") => Some(Document::Stdout),
            Some(path) if path.exists() && !path.is_file() => {
                let file = OpenOptions::new().write(true).open(path);
                Some(Document::Stream(
                    file.with_context(|| path.display().to_string())?,
                ))
            }
            _ => None,
        };
        let to_stdout = matches!(document, Some(Document::Stdout));
        if to_stdout && (args.output.json || args.summary) {
            bail!(Usage(
                "-O -: standard output is for the body then, and not for --json or --summary"
                    .into()
            ));
        }
        Ok(Report {
            out: cli::stdout(),
            style: Style {
                json: args.output.json,
                quiet: args.output.quiet,
                summary: args.summary,
                headers: args.sending.head,
                terminal: io::stdout().is_terminal(),
            },
            document,
            bars,
            flushed: Instant::now(),
            counts: Counts::new(),
            given: HashMap::new(),
            broken: None,
        })
    }

    /// The run ends before the list does.
    pub(super) fn stopped(&mut self) {
        self.counts.stopped = true;
    }

    pub(super) fn has_failures(&self) -> bool {
        self.counts.failed > 0
    }

    /// Gives a request its tag, which stands for its line.
    pub(super) fn begin(&mut self, request: Request, origin: Origin) -> Request {
        let tag = origin.line << 1 | u64::from(origin.is_line);
        self.counts.unfinished += 1;
        if let Some(given) = origin.given
            && self.style.json
            && !self.style.summary
        {
            self.given.insert(tag, given);
        }
        request.tag(tag)
    }

    /// Reports an outcome; `file` is the file of its body.
    ///
    /// # Errors
    /// If standard output can't be written.
    pub(super) fn outcome(&mut self, outcome: &Outcome, file: Option<&Path>) -> io::Result<()> {
        self.counts.unfinished -= 1;
        self.counts.retries += u64::from(outcome.attempts.saturating_sub(1));
        self.counts.times.record(outcome.times.total);
        // `-N`: the server has no newer version.
        let is_there = outcome.status() == Some(StatusCode::NOT_MODIFIED);
        let failure = outcome.failure().filter(|_| !is_there);
        let (bytes, resumed_from) = match &outcome.result {
            Ok(answer) => (answer.length, answer.resumed_from),
            Err(_) => (0, 0),
        };
        self.counts.bytes += bytes.saturating_sub(resumed_from);
        let line = outcome.tag >> 1;
        let given = match self.given.is_empty() {
            true => None,
            false => self.given.remove(&outcome.tag),
        };
        match &failure {
            Some(reason) => {
                self.counts
                    .failure(named_line(outcome.tag), outcome.url.as_str(), reason)
            }
            None if is_there => self.counts.there += 1,
            None => self.counts.fetched += 1,
        }
        if self.style.summary {
            return Ok(());
        }
        let answer = outcome.result.as_ref().ok();
        let result = match (&failure, is_there) {
            (Some(_), _) => Result::Failed,
            (None, true) => Result::There,
            (None, false) => Result::Fetched,
        };
        self.line(&Line {
            answer,
            status: outcome.status(),
            bytes,
            seconds: outcome.times.total.as_secs_f64(),
            first_byte: answer.map(|_| outcome.times.first_byte.as_secs_f64()),
            attempts: outcome.attempts,
            error: failure.as_deref(),
            kind: outcome.result.as_ref().err().map(Error::kind),
            redirects: &outcome.redirects,
            file,
            resumed_from,
            ..Line::new(result, line, given.as_deref(), outcome.url.as_str())
        })
    }

    /// Reports a file that exists already.
    pub(super) fn there(&mut self, url: &Url, path: &Path, bytes: u64, origin: &Origin) {
        self.counts.there += 1;
        self.told(&Line {
            bytes,
            file: Some(path),
            ..Line::new(
                Result::There,
                origin.line,
                origin.given.as_deref(),
                url.as_str(),
            )
        });
    }

    /// Reports a URL that another line has too.
    pub(super) fn repeated(&mut self, url: &Url, origin: &Origin) {
        self.counts.repeated += 1;
        self.told(&Line::new(
            Result::Repeated,
            origin.line,
            origin.given.as_deref(),
            url.as_str(),
        ));
    }

    /// Reports a URL that can't be fetched.
    pub(super) fn bad(&mut self, origin: &Origin, error: &Error) {
        let mut reason = error.to_string();
        let given = origin.given.as_deref().unwrap_or_default();
        let line = origin.is_line.then_some(origin.line);
        self.counts.failure(line, given, &reason);
        if let Some(line) = line {
            reason = format!("line {line}: {reason}");
        }
        self.told(&Line {
            error: Some(&reason),
            kind: Some(error.kind()),
            ..Line::new(Result::Failed, origin.line, Some(given), given)
        });
    }

    /// A line for a URL that was not requested.
    fn told(&mut self, line: &Line<'_>) {
        if !self.style.summary
            && let Err(error) = self.line(line)
        {
            self.broken = Some(error);
        }
    }

    /// Writes a piece of the body of a single URL. Returns whether that worked.
    pub(super) fn body(&mut self, piece: &[u8]) -> bool {
        let written = match &mut self.document {
            Some(Document::Stdout) => self.out.write_all(piece).and_then(|()| self.out.flush()),
            Some(Document::Stream(file)) => file.write_all(piece),
            None => Ok(()),
        };
        match written {
            Ok(()) => true,
            Err(error) => {
                self.broken = Some(error);
                false
            }
        }
    }

    /// Returns an error that could not be returned earlier.
    ///
    /// # Errors
    /// If standard output could not be written.
    pub(super) fn check(&mut self) -> anyhow::Result<()> {
        self.broken.take().map_or(Ok(()), |error| Err(error.into()))
    }

    fn line(&mut self, line: &Line<'_>) -> io::Result<()> {
        if let Some(error) = self.broken.take() {
            return Err(error);
        }
        if matches!(self.document, Some(Document::Stdout)) {
            // Standard output is for the body.
            if !self.style.quiet {
                let mut text = Vec::new();
                line.human(&mut text, false)?;
                common::remark!("{}", String::from_utf8_lossy(&text).trim_end());
            }
            return Ok(());
        }
        let bars = self.bars.clone().filter(|_| self.style.terminal);
        let mut write = || {
            match self.style.json {
                true => self.out.json(line)?,
                false => line.human(&mut self.out, self.style.headers)?,
            }
            if self.style.terminal || self.flushed.elapsed() > FRESH {
                self.out.flush()?;
                self.flushed = Instant::now();
            }
            Ok(())
        };
        match bars {
            // The bars are hidden for it.
            Some(bars) => bars.suspend(write),
            None => write(),
        }
    }

    /// The summary.
    ///
    /// # Errors
    /// If standard output can't be written.
    pub(super) fn conclude(&mut self, slowed: &[Slowed]) -> anyhow::Result<cli::Outcome> {
        if let Some(bars) = &self.bars {
            bars.clear();
        }
        if self.style.summary && self.style.json {
            self.out.json(&self.counts.summary())?;
        } else if self.style.summary {
            self.out.write_all(self.counts.text(slowed).as_bytes())?;
        }
        self.out.flush()?;
        if !self.style.summary && !self.style.quiet {
            common::remark!("{}", self.counts.text(slowed).trim_end());
        }
        Ok(match self.counts.failed {
            0 => cli::Outcome::Done,
            _ => cli::Outcome::SomeFailed,
        })
    }
}

/// The line of a tag, if it is a line of a list.
fn named_line(tag: u64) -> Option<u64> {
    (tag & 1 == 1).then_some(tag >> 1)
}
