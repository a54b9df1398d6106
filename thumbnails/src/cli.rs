//! The command line.

mod args;
mod cluster;
mod compare;
mod demo;
mod destination;
pub(crate) mod memory;
mod model;
mod pass;
mod report;
mod watch;

use common::cli::{Interrupt, Outcome, interrupt};

use args::Args;

/// Runs the command line.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    #[cfg(feature = "cluster")]
    if let Some(args::Command::Agent(agent)) = &args.command {
        let session = common::cli::start(&args.run)?;
        let interrupt = interrupt::install()?;
        let result = cluster::agent(agent, &args.run, &interrupt);
        return session.conclude(result, &interrupt);
    }
    args.check()?;
    let session = common::cli::start(&args.run)?;
    let interrupt = interrupt::install()?;
    let result = answer(&args, &interrupt);
    session.conclude(result, &interrupt)
}

fn answer(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    if args.is_demonstration() {
        demo::run(args, interrupt)
    } else if args.watch {
        watch::run(args, interrupt)
    } else {
        pass::run(args, interrupt)
    }
}
