//! Everything behind `main`: one file for each program.

mod args;
mod client;
mod demo;
mod fetch;
mod serve;

use anyhow::Context;
use common::cli::Outcome;
use reactor::Reactor;

use args::{Args, Command};

/// Runs what the command line asks for.
pub(crate) fn run(args: &Args) -> anyhow::Result<Outcome> {
    let session = common::cli::start_with(&args.trace, &args.output)?;
    let result = match &args.command {
        None => demo::run(&args.output),
        Some(Command::ChatServer(listen)) => serve::chat(listen, &args.output),
        Some(Command::Echo(listen)) => serve::echo(listen, &args.output),
        Some(Command::Proxy(proxy)) => serve::proxy(proxy, &args.output),
        Some(Command::ChatClient(client)) => client::run(client),
        Some(Command::Fetch(fetch)) => fetch::run(fetch, &args.output),
    };
    let drawn = session.finish();
    let outcome = result?;
    drawn?;
    Ok(outcome)
}

const TOO_FEW_DESCRIPTORS: &str =
    "the event loop cannot be set up: is the limit of descriptors, `ulimit -n`, too low?";

/// A reactor, or why there is none.
fn reactor() -> anyhow::Result<Reactor> {
    Reactor::new().context(TOO_FEW_DESCRIPTORS)
}
