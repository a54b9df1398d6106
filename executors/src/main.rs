//! The command line of the executors room: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Before the hook, for once: what stands there is done in every worker too, and it is in the
    // workers that the demonstration's jobs panic.
    cli::demo::hide_its_panics();
    executors::hook(cli::demo::JOBS);
    common::cli::main(|| cli::run(&common::cli::parse()))
}
