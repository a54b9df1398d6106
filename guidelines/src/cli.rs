//! Everything behind `main`.

mod args;
mod ask;
mod choose;
mod compare;
mod measure;

use anyhow::bail;
use common::cli::{Outcome, Usage, interrupt};

use args::{Args, Command, MeasureArgs};

/// Runs what the command line asks for.
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
    let interrupt = interrupt::install()?;
    let result = match &args.command {
        None => measure::run(&args.measure, &args.output, &interrupt),
        Some(Command::Measure { example: true }) => measure::example(&args.output),
        Some(Command::Measure { example: false }) => {
            measure::run(&args.measure, &args.output, &interrupt)
        }
        Some(Command::Choose(choose)) => choose::run(choose, &args.output, &interrupt),
        Some(Command::Compare { first, second }) => compare::run(first, second, &args.output),
    };
    interrupt.conclude(result)
}
