//! The command line: arguments, and a function for each subcommand.

mod args;
mod ask;
mod choose;
mod compare;
mod measure;

use anyhow::bail;
use common::cli::{Interrupt, Outcome, Usage, interrupt};

use args::{Args, Command, MeasureArgs};

/// Runs the subcommand.
pub(crate) fn run(args: Args) -> anyhow::Result<Outcome> {
    let whole = matches!(
        args.command,
        None | Some(Command::Measure { example: false })
    );
    if !whole && args.measure != MeasureArgs::default() {
        bail!(Usage(
            "--html, --runs, --no-python, --from and --cluster of the whole measurement do nothing \
             before a subcommand"
                .to_owned()
        ));
    }
    match &args.command {
        None | Some(Command::Measure { example: false }) => {
            stopped_in_order(|interrupt| measure::run(&args.measure, &args.output, interrupt))
        }
        Some(Command::Measure { example: true }) => {
            stopped_in_order(|_| measure::example(&args.output))
        }
        Some(Command::Choose(choose)) => {
            // Before Ctrl-C is handled: at a question it ends the program at once.
            let needs = choose::needs(choose)?;
            stopped_in_order(|interrupt| choose::run(choose, &needs, &args.output, interrupt))
        }
        Some(Command::Compare { first, second }) => compare::run(first, second, &args.output),
    }
}

/// Runs a subcommand that stops by itself after Ctrl-C.
fn stopped_in_order(
    work: impl FnOnce(&Interrupt) -> anyhow::Result<Outcome>,
) -> anyhow::Result<Outcome> {
    let interrupt = interrupt::install()?;
    interrupt.conclude(work(&interrupt))
}
