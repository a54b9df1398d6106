//! The options of a run, and which subcommand accepts which. They may also stand before the
//! subcommand.

use anyhow::bail;
use common::cli::{OutputArgs, RunArgs, Usage};

use super::args::{Args, Command};

/// Merges the options before the subcommand with those after it.
pub(super) fn of(args: &Args) -> anyhow::Result<RunArgs> {
    let outer = &args.run;
    let output_only = |output: &OutputArgs| RunArgs {
        output: output.clone(),
        ..RunArgs::default()
    };
    let (offered, name, inner) = match &args.command {
        None => return Ok(outer.clone()),
        Some(Command::Count(count)) => (Offered::All, "count", count.run.clone()),
        Some(Command::Gil(gil)) => (Offered::All, "gil", gil.run.clone()),
        #[cfg(feature = "cluster")]
        Some(Command::Agent(agent)) => {
            let inner = RunArgs {
                jobs: agent.jobs,
                ..output_only(&agent.output)
            };
            (Offered::Jobs, "agent", inner)
        }
        Some(Command::Nth(nth)) => {
            let inner = RunArgs {
                jobs: nth.jobs,
                ..output_only(&nth.output)
            };
            (Offered::Jobs, "nth", inner)
        }
        Some(Command::Print(print)) => (Offered::Output, "print", output_only(&print.output)),
        Some(Command::Next(it)) => (Offered::Output, "next", output_only(&it.output)),
        Some(Command::Previous(it)) => (Offered::Output, "previous", output_only(&it.output)),
        Some(Command::Check(it)) => (Offered::Output, "check", output_only(&it.output)),
        Some(Command::Factor(it)) => (Offered::Output, "factor", output_only(&it.numbers.output)),
    };
    if let Some(flag) = offered.refused(outer) {
        bail!(Usage(format!("{flag}: does nothing in {name}")));
    }
    let mut run = inner;
    run.jobs = run.jobs.or(outer.jobs);
    run.runs = run.runs.or(outer.runs);
    run.trace.trace = run.trace.trace.or_else(|| outer.trace.trace.clone());
    run.trace.timeline = run.trace.timeline.or_else(|| outer.trace.timeline.clone());
    run.output.json |= outer.output.json;
    run.output.quiet |= outer.output.quiet;
    Ok(run)
}

/// The options that a subcommand accepts. Each variant includes those of the variant above it.
#[derive(Clone, Copy, PartialEq, PartialOrd)]
enum Offered {
    /// `--json` and `--quiet`.
    Output,
    /// `--jobs`.
    Jobs,
    /// `--runs`, `--trace`, `--timeline`.
    All,
}

impl Offered {
    /// An option that was given but has no effect here.
    fn refused(self, run: &RunArgs) -> Option<&'static str> {
        [
            (Offered::Jobs, run.jobs.is_some(), "--jobs"),
            (Offered::All, run.runs.is_some(), "--runs"),
            (Offered::All, run.trace.trace.is_some(), "--trace"),
            (Offered::All, run.trace.timeline.is_some(), "--timeline"),
        ]
        .into_iter()
        .find_map(|(least, given, flag)| (given && self < least).then_some(flag))
    }
}
