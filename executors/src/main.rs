//! The command line: every way to use an executor, on threads and in processes.

mod demo;

use std::io::Write;

use clap::{Parser, Subcommand};
use common::cli::{self, Outcome, RunArgs, Shell, interrupt};

/// Concurrent futures on threads and in processes, shown side by side.
#[derive(Parser)]
#[command(version, about)]
struct Options {
    #[command(flatten)]
    run: RunArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Print a script that completes this command's arguments
    Completions {
        /// The shell it is for
        shell: Shell,
    },
}

fn main() -> std::process::ExitCode {
    demo::hide_its_panics();
    executors::hook(demo::JOBS);
    cli::main(run)
}

fn run() -> anyhow::Result<Outcome> {
    let options: Options = cli::parse();
    if let Some(Command::Completions { shell }) = options.command {
        cli::completions::<Options>(shell, "executors")?;
        return Ok(Outcome::Done);
    }
    let session = cli::start(&options.run)?;
    let interrupt = interrupt::install()?;
    let shown = demo::show(options.run.jobs().get(), &interrupt)?;
    let mut out = cli::stdout();
    if options.run.json {
        out.json(&shown)?;
    } else {
        write!(out, "{shown}")?;
    }
    out.flush()?;
    session.finish()?;
    Ok(if interrupt.raised() {
        Outcome::Interrupted
    } else {
        Outcome::Done
    })
}
