//! The command line of the room `primes`: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // This comes first: in a worker process it does not return.
    executors::hook(primes::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
