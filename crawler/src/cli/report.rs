//! `crawler report FILE`: what the state of a crawl has to tell.

use std::io::{BufWriter, Write};

use common::cli::{Outcome, stdout};
use common::files::PendingFile;
use crawler::report::{Format, Report};

use super::args::ReportArgs;

/// Writes the report that was asked for.
pub(super) fn run(args: &ReportArgs, json: bool) -> anyhow::Result<Outcome> {
    let usual = if json {
        Format::JsonLines
    } else {
        Format::Pages
    };
    let format = args.format.map_or(usual, Format::from);
    let report = Report::open(&args.db)?;
    match &args.output {
        None => {
            let mut out = stdout();
            report.write(format, &mut out)?;
            out.flush()?;
        }
        Some(path) => {
            let mut out = BufWriter::new(PendingFile::create(path)?);
            report.write(format, &mut out)?;
            out.into_inner()
                .map_err(|error| error.into_error())?
                .finish()?;
        }
    }
    Ok(Outcome::Done)
}
