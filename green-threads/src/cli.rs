//! Everything behind `main`: one file for each program.

mod args;
mod client;
mod demo;
mod fetch;
mod interruptible;
mod ping_pong;
mod serve;

use common::cli::Outcome;

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let session = common::cli::start_with(&args.trace, &args.output)?;
    let result = match &args.command {
        None => demo::run(&args.output),
        Some(Command::ChatServer(listen)) => serve::chat(listen, &args.output),
        Some(Command::Echo(listen)) => serve::echo(listen, &args.output),
        Some(Command::ChatClient(client)) => client::run(client, &args.output),
        Some(Command::Fetch(fetch)) => fetch::run(fetch, &args.output),
        Some(Command::PingPong(ping_pong)) => ping_pong::run(ping_pong, &args.output),
    };
    let drawn = session.finish();
    let outcome = result?;
    drawn?;
    Ok(outcome)
}
