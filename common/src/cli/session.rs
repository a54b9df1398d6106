//! Logs, and the pictures that `--trace` and `--timeline` ask for.

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

/// Columns of the text timeline where the terminal doesn't tell.
const USUAL_WIDTH: usize = 100;

/// A run being logged and perhaps traced; [`finish`](Session::finish) writes the pictures.
///
/// Dropped without `finish`, it writes none.
#[derive(Debug)]
#[must_use = "the pictures are written by `finish`"]
pub struct Session {
    pictures: TraceArgs,
    quiet: bool,
    trace: Option<Trace>,
}

/// [`start_with`], for a command that takes all of [`RunArgs`].
///
/// # Errors
///
/// Those of [`start_with`].
pub fn start(args: &RunArgs) -> io::Result<Session> {
    start_with(&args.trace, &args.output)
}

/// Sets up logs on standard error (by `RUST_LOG`, default warnings) and, if asked for, the trace.
///
/// To be called once, before worker processes start: they join the trace by
/// [`trace::worker`](crate::trace::worker).
///
/// # Errors
///
/// When both pictures have the same name, or one goes to standard output, which is for the command's
/// answer (both are a [`Usage`] error); when a picture's folder isn't there, the trace's can't be made, or the process
/// has a subscriber already.
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

/// Says before a run of minutes what would go wrong after it.
fn check(pictures: &TraceArgs) -> io::Result<()> {
    let usage = |text: String| Err(io::Error::new(io::ErrorKind::InvalidInput, Usage(text)));
    let files = [pictures.trace.as_deref(), pictures.svg_timeline()];
    for file in files.into_iter().flatten() {
        // A picture behind the command's answer, text or JSON, could be read by nothing.
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

/// Sets up the logs of a command that has nothing to trace.
///
/// # Errors
///
/// When the process has a subscriber already.
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
    // Levels by target, as `debug` or `reactor=debug,warn`: what filters by span brings a regex engine.
    let asked = std::env::var("RUST_LOG").ok();
    let filter: Option<Targets> = asked.and_then(|words| words.parse().ok());
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    fmt::layer()
        .with_writer(io::stderr)
        .with_ansi(io::stderr().is_terminal())
        .with_filter(filter)
}

impl Session {
    /// Writes what `--trace` and `--timeline` asked for; files appear whole or not at all.
    ///
    /// To be called when the workers have finished. A remark on standard error says what was
    /// written, unless `--quiet`.
    ///
    /// # Errors
    ///
    /// When a file can't be written, naming it.
    pub fn finish(self) -> io::Result<()> {
        let Some(trace) = &self.trace else {
            return Ok(());
        };
        // Even with `--quiet`: what was asked for is not all there.
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

    /// [`finish`](Session::finish) at the end of `main`: what the run came to, and after Ctrl-C
    /// [`Outcome::Interrupted`] with the reason it gives, if any, on standard error.
    ///
    /// # Errors
    ///
    /// The run's own; else that of a picture.
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
