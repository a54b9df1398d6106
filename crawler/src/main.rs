//! The command line of the crawler: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // First: in a worker process it does not return.
    executors::hook(crawler::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
