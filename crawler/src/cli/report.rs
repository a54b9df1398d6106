//! `crawler report FILE`: what the state of a crawl has to tell.

use std::io::Write;

use common::cli::{Outcome, stdout};
use common::files;
use crawler::report::Report;

use super::args::ReportArgs;

/// Writes the report that was asked for.
pub(super) fn run(args: &ReportArgs) -> anyhow::Result<Outcome> {
    let report = Report::open(&args.db)?;
    match &args.output {
        None => {
            let mut out = stdout();
            report.write(args.format.into(), &mut out)?;
            out.flush()?;
        }
        Some(path) => {
            let mut text = Vec::new();
            report.write(args.format.into(), &mut text)?;
            files::write_atomically(path, text)?;
        }
    }
    Ok(Outcome::Done)
}
