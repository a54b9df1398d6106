//! The command line of the comparisons: parse, run, report.

mod cli;

use std::process::ExitCode;

use common::cli::Outcome;

fn main() -> ExitCode {
    let mut args = std::env::args_os().skip(1);
    // Before anything else: a launcher has to be small.
    if args
        .next()
        .is_some_and(|role| role == benches::child::LAUNCHER)
    {
        return common::cli::main(|| {
            benches::child::launch(args)?;
            Ok(Outcome::Done)
        });
    }
    // In a worker process it does not return.
    executors::hook(benches::echo::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
