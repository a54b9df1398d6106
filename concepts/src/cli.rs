//! The command line: arguments, jobs, report.

mod args;
mod job;
mod report;
mod svg;
mod text;

use anyhow::bail;
use common::cli::{Outcome, Usage, interrupt, stdout};
use common::files;
use std::io::Write;

use args::Args;

/// Runs the demonstration.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    if let Some(file) = &args.svg {
        files::check_folder_of(file)?;
        if args.output.json && files::is_stdout(file) {
            bail!(Usage(
                "-: --json already uses standard output: name a file".to_owned()
            ));
        }
    }
    let interrupt = interrupt::install()?;
    let results = job::all(&args, &interrupt);
    if interrupt.raised() {
        return Ok(Outcome::Interrupted);
    }
    if let Some(file) = &args.svg {
        files::write_atomically(file, svg::draw(&results))?;
    }
    let mut out = stdout();
    if args.output.json {
        out.json(&report::json(&results))?;
    } else if !args.svg.as_deref().is_some_and(files::is_stdout) {
        out.write_all(report::text(&results, args.output.quiet).as_bytes())?;
    }
    out.flush()?;
    let fine = |it: &job::Result| it.report.agreed() && !it.report.failed();
    Ok(match results.iter().all(fine) {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    })
}
