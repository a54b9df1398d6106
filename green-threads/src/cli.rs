//! Everything behind `main`: a file for each program.

mod args;
mod client;
mod demo;
mod fetch;
mod ping_pong;
mod serve;

use common::cli::Outcome;

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    if let Some(Command::Completions { shell }) = &args.command {
        common::cli::completions::<Args>(*shell, "green-threads")?;
        return Ok(Outcome::Done);
    }
    let session = common::cli::start(&args.run)?;
    let outcome = match &args.command {
        None => demo::run(&args.run),
        Some(Command::ChatServer(listen)) => serve::chat(listen, &args.run),
        Some(Command::Echo(listen)) => serve::echo(listen, &args.run),
        Some(Command::ChatClient(client)) => client::run(client),
        Some(Command::Fetch(fetch)) => fetch::run(fetch, &args.run),
        Some(Command::PingPong(ping_pong)) => ping_pong::run(ping_pong, &args.run),
        Some(Command::Completions { .. }) => unreachable!("answered above"),
    };
    let drawn = session.finish();
    let outcome = outcome?;
    drawn?;
    Ok(outcome)
}
