//! The command: one file for each kind of subcommand.

mod algorithm;
mod algorithm_or_cores;
mod args;
mod check;
mod cluster;
mod count;
mod experiment;
mod factor;
mod model;
mod nth;
mod print;
mod python;
mod run_options;
mod words;

use anyhow::bail;
use common::cli::{Interrupt, Outcome, RunArgs, Usage, interrupt};

use args::{Args, Command};
use nth::Direction;

/// Runs the subcommand.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    if let (Some(_), Some(flag)) = (&args.command, args.experiment.given()) {
        bail!(Usage(format!(
            "{flag}: belongs to the experiment: put it after the subcommand"
        )));
    }
    let run = &run_options::of(&args)?;
    let session = common::cli::start(run)?;
    // Handle Ctrl-C only in subcommands that check the flag; the others keep the system's default.
    let interrupt = match args.command {
        Some(Command::Next(_) | Command::Previous(_) | Command::Check(_) | Command::Factor(_)) => {
            Interrupt::default()
        }
        _ => interrupt::install()?,
    };
    let result = answer(&args, run, &interrupt);
    session.conclude(result, &interrupt)
}

fn answer(args: &Args, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    match &args.command {
        None => experiment::run(&args.experiment, run, interrupt),
        Some(Command::Count(count)) => count::run(count, run, interrupt),
        Some(Command::Print(print)) => print::run(print, run, interrupt),
        Some(Command::Nth(nth)) => nth::run(nth, run, interrupt),
        Some(Command::Next(numbers)) => nth::neighbours(numbers, Direction::Next, run),
        Some(Command::Previous(numbers)) => nth::neighbours(numbers, Direction::Previous, run),
        Some(Command::Check(numbers)) => check::run(numbers, run),
        Some(Command::Factor(numbers)) => factor::run(numbers, run),
        #[cfg(feature = "cluster")]
        Some(Command::Agent(args)) => cluster::agent(&args.agent, run, interrupt),
        Some(Command::Gil(gil)) => experiment::gil(gil, run, interrupt),
    }
}
