//! `crawler report FILE`: reports from the state of a crawl.

use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::time::Duration;

use common::cli::{Interrupt, Outcome, stdout};
use common::files::PendingFile;
use crawler::report::{Error, Format, Report};

use super::args::ReportArgs;

/// How often it is looked whether the user wants to stop.
const LOOK: Duration = Duration::from_millis(50);

/// How long a report may take of a crawl that was interrupted.
const SHORT: Duration = Duration::from_millis(700);

/// Writes the report that was asked for.
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

/// An error of a report. One of writing is handed on as it is: of standard output whose reader has left
/// nothing is told.
pub(super) fn told(error: Error) -> anyhow::Error {
    match error {
        Error::Write(error) => error.into(),
        other => other.into(),
    }
}

/// Hands standard output, or a file that appears whole or not at all, to `write`.
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

/// Runs `work`, which reads a report, and ends the reading when the user wants to stop. If that was so
/// before, it has a moment: what a crawl found until it was interrupted is of use.
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
            // Until the other end is gone.
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
