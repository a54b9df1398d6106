//! The command line of the primes room: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // First: in a worker process it does not return.
    executors::hook(primes::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
