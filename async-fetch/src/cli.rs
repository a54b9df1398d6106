//! Everything behind `main`.

mod args;
mod bars;
mod cookies;
mod demo;
mod descriptors;
mod fetch;
mod folder;
mod globs;
mod input;
mod lines;
mod netrc;
mod report;
mod requests;
mod seen;
mod watcher;

use common::cli::{Outcome, interrupt};

use args::Args;
use input::Source;

/// Runs what the command line asks for.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    let session = common::cli::start_with(&args.trace, &args.output)?;
    let interrupt = interrupt::install()?;
    let result = match Source::of(&args)? {
        Some(source) => fetch::run(&args, source, &interrupt),
        None => demo::run(&args, &interrupt),
    };
    session.conclude(result, &interrupt)
}
