//! Everything behind `main`: a file for each kind of work that the command does.

mod again;
mod args;
mod draw;
mod frames;
mod model;
mod output;
mod picture;
mod watch;

use std::io;

use common::cli::{Outcome, Shell, interrupt};

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    let interrupt = interrupt::install()?;
    let run = &args.run;
    let session = common::cli::start(run)?;
    let result = match &args.command {
        None => draw::run(&args.picture, &args.draw, run, &interrupt),
        Some(Command::Again(again)) => again::run(again, run, &interrupt),
        Some(Command::Zoom(zoom)) => frames::run(zoom, run, &interrupt),
        Some(Command::Views) => output::views(run),
        Some(Command::Palette { palette }) => output::palette(palette),
        Some(Command::Completions { shell }) => completions(*shell),
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

fn completions(shell: Shell) -> anyhow::Result<Outcome> {
    let written: io::Result<()> = common::cli::completions::<Args>(shell, "mandelbrot");
    written?;
    Ok(Outcome::Done)
}
