//! Everything behind `main`: a file for each kind of question that the command answers.

mod args;
mod count;
mod experiment;
mod list;
mod model;
mod python;
mod questions;

use std::io;

use common::cli::{Outcome, interrupt};

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    if let Some(Command::WorkerProcess) = args.command {
        common::trace::worker();
        primes::processes::worker()?;
        return Ok(Outcome::Done);
    }
    let interrupt = interrupt::install()?;
    let run = &args.run;
    let session = common::cli::start(run)?;
    let result = match &args.command {
        None => experiment::run(&args.experiment, run, &interrupt),
        Some(Command::Count(count)) => count::run(count, run, &interrupt),
        Some(Command::Print(range)) => list::run(range, run),
        Some(Command::Nth(nth)) => count::nth(nth, run, &interrupt),
        Some(Command::Check(numbers)) => questions::check(numbers, run),
        Some(Command::Factor(numbers)) => questions::factor(numbers, run),
        Some(Command::Gil(gil)) => experiment::gil(gil, run, &interrupt),
        Some(Command::Completions { shell }) => completions(*shell),
        Some(Command::WorkerProcess) => unreachable!("handled above"),
    };
    session.finish()?;
    match result {
        Ok(_) if interrupt.raised() => Ok(Outcome::Interrupted),
        Err(reason) if interrupt.raised() => {
            eprintln!("{reason:#}");
            Ok(Outcome::Interrupted)
        }
        result => result,
    }
}

fn completions(shell: common::cli::Shell) -> anyhow::Result<Outcome> {
    let written: io::Result<()> = common::cli::completions::<Args>(shell, "primes");
    written?;
    Ok(Outcome::Done)
}
