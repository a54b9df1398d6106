//! Everything behind `main`: a file for each kind of question that the command answers.

mod algorithm;
mod args;
mod check;
mod count;
mod experiment;
mod factor;
mod model;
mod nth;
mod print;
mod python;
mod words;

use anyhow::bail;
use common::cli::{Interrupt, Outcome, Usage, interrupt};

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    if let (Some(_), Some(flag)) = (&args.command, args.experiment.given()) {
        bail!(Usage(format!(
            "{flag}: is the experiment's: put it behind the subcommand"
        )));
    }
    let session = common::cli::start(&args.run)?;
    // Only what looks at it may take Ctrl-C away from the system.
    let interrupt = match args.command {
        Some(Command::Check(_) | Command::Factor(_) | Command::Completions { .. }) => {
            Interrupt::default()
        }
        _ => interrupt::install()?,
    };
    let result = answer(&args, &interrupt);
    session.conclude(result, &interrupt)
}

fn answer(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let run = &args.run;
    match &args.command {
        None => experiment::run(&args.experiment, run, interrupt),
        Some(Command::Count(count)) => count::run(count, run, interrupt),
        Some(Command::Print(range)) => print::run(range, interrupt),
        Some(Command::Nth(nth)) => nth::run(nth, run, interrupt),
        Some(Command::Check(numbers)) => check::run(numbers, run),
        Some(Command::Factor(numbers)) => factor::run(numbers, run),
        Some(Command::Gil(gil)) => experiment::gil(gil, run, interrupt),
        Some(Command::Completions { shell }) => {
            common::cli::completions::<Args>(*shell, "primes")?;
            Ok(Outcome::Done)
        }
    }
}
