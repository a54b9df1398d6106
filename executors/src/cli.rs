//! The command line: arguments and the demonstration.

mod args;
pub(crate) mod demo;

use std::io::Write;

use anyhow::bail;
use common::cli::{Choice, Interrupt, Outcome, RunArgs, Usage, interrupt};

use args::{Args, Kind};

/// Runs the command line.
pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if args.run.runs().get() > 1 {
        bail!(Usage(
            "--runs: every call is made only once; the example `round_trip` measures times"
                .to_owned()
        ));
    }
    let session = common::cli::start(&args.run)?;
    let interrupt = interrupt::install()?;
    let result = show(args.model, &args.run, &interrupt);
    session.conclude(result, &interrupt)
}

fn show(model: Choice<Kind>, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let shown = demo::show(model, run.jobs().get(), interrupt)?;
    let mut out = common::cli::stdout();
    if run.output.json {
        out.json(&shown)?;
    } else {
        write!(out, "{shown}")?;
        if !run.output.quiet {
            writeln!(out, "\n{}", shown.point())?;
        }
    }
    out.flush()?;
    Ok(Outcome::Done)
}
