//! `crawler report FILE`: reports from the state of a crawl.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use common::cli::{Interrupt, Outcome, stdout};
use common::files::PendingFile;
use crawler::report::{Error, Format, Report};

use super::args::ReportArgs;

/// How often the program checks for Ctrl-C.
const LOOK: Duration = Duration::from_millis(50);

/// How long the report of an interrupted crawl may take.
const SHORT: Duration = Duration::from_millis(700);

/// Writes a report.
pub(super) fn run(args: &ReportArgs, json: bool, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let usual = if json {
        Format::JsonLines
    } else {
        Format::Pages
    };
    let format = args.format.map_or(usual, Format::from);
    let report = Report::open(&args.db)?;
    interruptible(&report, interrupt, || {
        to_output(args.output.as_deref(), |out| {
            let written = report.write(format, args.slow.as_secs_f64(), out);
            written.map_err(told)
        })
    })?;
    Ok(Outcome::Done)
}

/// Makes a general error of a report's. An error of writing stays an `io::Error`: the caller ignores a closed
/// standard output.
pub(super) fn told(error: Error) -> anyhow::Error {
    match error {
        Error::Write(error) => error.into(),
        other => other.into(),
    }
}

/// Calls `write` with standard output, or with a file that appears complete or not at all.
pub(super) fn to_output<R>(
    path: Option<&Path>,
    write: impl FnOnce(&mut dyn Write) -> anyhow::Result<R>,
) -> anyhow::Result<R> {
    let Some(path) = path else {
        let mut out = stdout();
        let result = write(&mut out)?;
        out.flush()?;
        return Ok(result);
    };
    let mut out = BufWriter::new(PendingFile::create(path)?);
    let result = write(&mut out)?;
    let file = out.into_inner().map_err(|error| error.into_error())?;
    file.finish()?;
    Ok(result)
}

/// Runs `work`, which reads a report, and ends it after Ctrl-C. If Ctrl-C ended the crawl before, the report has
/// a moment: the results so far are useful.
pub(super) fn interruptible<R>(
    report: &Report,
    interrupt: &Interrupt,
    work: impl FnOnce() -> anyhow::Result<R>,
) -> anyhow::Result<R> {
    let handle = report.interrupt_handle();
    let (done, is_done) = channel::<()>();
    let was_raised = interrupt.raised();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            let wait = if was_raised { SHORT } else { LOOK };
            // Until the sender is dropped.
            while is_done.recv_timeout(wait) == Err(RecvTimeoutError::Timeout) {
                if interrupt.raised() {
                    handle.interrupt();
                }
            }
        });
        let result = work();
        drop(done);
        result
    })
}
