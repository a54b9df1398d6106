//! The command line of the room `executors`: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Here it comes before the hook: every worker must run this line too, because the
    // demonstration's jobs panic there.
    cli::demo::hide_its_panics();
    executors::hook(cli::demo::JOBS);
    common::cli::main(|| cli::run(&common::cli::parse()))
}
