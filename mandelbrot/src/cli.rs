//! The command: one file for each kind of subcommand.

mod again;
mod args;
mod cluster;
mod draw;
#[cfg(feature = "explore")]
mod explore;
mod frames;
mod model;
mod output;
mod picture;
mod request;
mod watch;

use common::cli::{Interrupt, Outcome, interrupt};

use args::{Args, Command};

/// Runs the subcommand.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    match &args.command {
        None => output::check_trace(&draw::output_of(&args.draw), &args.run)?,
        Some(Command::Again(again)) => output::check_trace(&again::output_of(again), &args.run)?,
        Some(Command::Zoom(zoom)) => frames::check_trace(zoom, &args.run)?,
        _ => {}
    }
    let session = common::cli::start(&args.run)?;
    // Handle Ctrl-C only in subcommands that check the flag; the others keep the system's default.
    let interrupt = match args.command {
        Some(Command::Views | Command::Palette { .. }) => Interrupt::default(),
        _ => interrupt::install()?,
    };
    let result = answer(&args, &interrupt);
    session.conclude(result, &interrupt)
}

fn answer(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let run = &args.run;
    match &args.command {
        None => draw::run(&args.picture, &args.draw, run, interrupt),
        Some(Command::Again(again)) => again::run(again, run, interrupt),
        Some(Command::Zoom(zoom)) => frames::run(zoom, run, interrupt),
        #[cfg(feature = "explore")]
        Some(Command::Explore(args)) => explore::run(args, run, interrupt),
        #[cfg(feature = "cluster")]
        Some(Command::Agent(agent)) => cluster::agent(agent, run, interrupt),
        Some(Command::Views) => output::views(run),
        Some(Command::Palette { palette }) => output::palette(palette),
    }
}
