//! The command line: arguments, and a function for each subcommand.

mod args;
mod check;
mod draw;
mod green;
mod pool;
mod report;
mod serve;
mod tasks;
mod versus;

use common::cli::{Outcome, interrupt};

use args::{Args, Command};

/// Runs the subcommand.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    let interrupt = interrupt::install()?;
    let run = &args.run;
    let session = common::cli::start(run)?;
    let result = match &args.command {
        None => versus::list(run),
        Some(Command::Versus(versus)) if versus.list => versus::list(run),
        Some(Command::Versus(versus)) => versus::run(versus, run, &interrupt),
        Some(Command::Report(report)) => report::run(report, run),
        Some(Command::Check { model, workers }) => check::run(*model, *workers),
        Some(Command::Draw(draw)) => draw::run(draw),
        &Some(Command::Green { how, model, count }) => green::run(how, model, count),
        &Some(Command::Pool {
            how,
            model,
            workers,
            count,
        }) => pool::run(how, model, workers, count),
        Some(Command::Serve { server }) => serve::run(*server),
        Some(Command::Load {
            server,
            round_trips,
        }) => serve::load(*server, *round_trips),
        &Some(Command::Tasks { job, count }) => tasks::run(job, count),
    };
    session.conclude(result, &interrupt)
}
