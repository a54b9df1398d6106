//! Logs, and the pictures of `--trace` and `--timeline`.

use super::{Interrupt, Outcome, OutputArgs, RunArgs, TraceArgs, Usage};
use crate::files;
use crate::text::escaped;
use crate::trace::{LEVEL, Trace};
use std::io::{self, IsTerminal};
use std::path::Path;
use tracing::Subscriber;
use tracing_subscriber::filter::{LevelFilter, Targets};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

/// The width of the text timeline if the terminal's width is unknown.
const USUAL_WIDTH: usize = 100;

/// A run with logs and perhaps a trace. [`finish`](Session::finish) writes the pictures.
///
/// Without `finish` no picture is written.
#[derive(Debug)]
#[must_use = "the pictures are written by `finish`"]
pub struct Session {
    pictures: TraceArgs,
    quiet: bool,
    trace: Option<Trace>,
}

/// Like [`start_with`], for a command that has all of [`RunArgs`].
///
/// # Errors
///
/// Those of [`start_with`].
pub fn start(args: &RunArgs) -> io::Result<Session> {
    start_with(&args.trace, &args.output)
}

/// Sets up logs on standard error (levels from `RUST_LOG`, default warnings) and, if asked for, the
/// trace.
///
/// Call it once, before worker processes start. They join the trace by
/// [`trace::worker`](crate::trace::worker).
///
/// # Errors
///
/// If both pictures have the same file name, or one is to go to standard output, which is for the
/// command's answer (both are [`Usage`] errors); if a picture's folder does not exist, the trace
/// can't be set up, or the process already has a subscriber.
pub fn start_with(pictures: &TraceArgs, output: &OutputArgs) -> io::Result<Session> {
    check(pictures)?;
    let trace = pictures.traced().then(Trace::with_workers).transpose()?;
    let spans = trace.as_ref().map(|trace| trace.layer().with_filter(LEVEL));
    tracing_subscriber::registry()
        .with(logs())
        .with(spans)
        .try_init()
        .map_err(io::Error::other)?;
    Ok(Session {
        pictures: pictures.clone(),
        quiet: output.quiet,
        trace,
    })
}

/// Checks before a long run what would fail after it.
fn check(pictures: &TraceArgs) -> io::Result<()> {
    let usage = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, Usage(text)));
    let files = [pictures.trace.as_deref(), pictures.svg_timeline()];
    for file in files.into_iter().flatten() {
        // Standard output holds the command's answer. No reader could separate a picture from it.
        if files::is_stdout(file) {
            return usage("-: standard output is for the answer: name a file".to_owned());
        }
        files::check_folder_of(file)?;
    }
    match files {
        [Some(trace), Some(timeline)] if files::is_same(trace, timeline) => usage(format!(
            "{}: --trace and --timeline are two files: one would replace the other",
            trace.display()
        )),
        _ => Ok(()),
    }
}

/// Sets up the logs of a command without a trace.
///
/// # Errors
///
/// If the process already has a subscriber.
pub fn log() -> io::Result<()> {
    tracing_subscriber::registry()
        .with(logs())
        .try_init()
        .map_err(io::Error::other)
}

fn logs<S>() -> impl Layer<S>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    // Only levels by target are supported (`debug`, `reactor=debug,warn`). Filters by span would
    // need a regex engine.
    let asked = std::env::var("RUST_LOG").ok();
    let filter: Option<Targets> = asked.and_then(|words| words.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(filter)
}

impl Session {
    /// Writes the pictures that `--trace` and `--timeline` asked for. A file appears whole or not
    /// at all.
    ///
    /// Call it after the workers have finished. A remark on standard error names the files, unless
    /// `--quiet`.
    ///
    /// # Errors
    ///
    /// If a file can't be written; the message names it.
    pub fn finish(self) -> io::Result<()> {
        let Some(trace) = &self.trace else {
            return Ok(());
        };
        // Even with `--quiet`: an incomplete picture must be reported.
        for loss in trace.losses() {
            crate::remark!("warning: the trace is incomplete: {loss}");
        }
        if let Some(path) = &self.pictures.trace {
            let mut json = Vec::new();
            trace.chrome(&mut json)?;
            files::write_atomically(path, json)?;
            self.written(path, "open it at ui.perfetto.dev");
        }
        if let Some(path) = self.pictures.svg_timeline() {
            files::write_atomically(path, trace.svg())?;
            self.written(path, "open it in a browser");
        }
        if self.pictures.text_timeline() {
            crate::remark!("{}", trace.text_lanes(width()).trim_end());
        }
        Ok(())
    }

    /// Calls [`finish`](Session::finish) at the end of `main` and returns the outcome of the run.
    /// After Ctrl-C that is [`Outcome::Interrupted`], and the error of the run, if any, is printed
    /// on standard error.
    ///
    /// # Errors
    ///
    /// The error of the run; without one, the error of a picture.
    pub fn conclude(
        self,
        result: anyhow::Result<Outcome>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Outcome> {
        let drawn = self.finish();
        interrupt.conclude(result.and_then(|outcome| drawn.map(|()| outcome).map_err(Into::into)))
    }

    fn written(&self, path: &Path, what_to_do: &str) {
        if !self.quiet {
            crate::remark!("{}: {what_to_do}", escaped(&path.to_string_lossy()));
        }
    }
}

fn width() -> usize {
    terminal_size::terminal_size_of(io::stderr())
        .map_or(USUAL_WIDTH, |(width, _)| usize::from(width.0))
}
