//! The command line: a file for each command.

mod args;
mod check;
mod compare;
mod crawl;
mod demo;
mod model;
mod pages;
mod report;
mod words;

use common::cli::{Interrupt, Outcome, interrupt};

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    args.check()?;
    let session = common::cli::start(&args.run)?;
    let interrupt = interrupt::install()?;
    let result = answer(&args, &interrupt);
    session.conclude(result, &interrupt)
}

fn answer(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    match &args.command {
        Some(Command::Check(check)) => check::run(check, args, interrupt),
        Some(Command::Report(it)) => report::run(it, args.run.output.json, interrupt),
        None if args.crawl.urls.is_empty() => demo::run(args, interrupt),
        None => crawl::run(args, interrupt),
    }
}
