//! The command line of the cluster room: parse, run, report.

use std::process::ExitCode;

fn main() -> ExitCode {
    // First: in a worker process it does not return.
    executors::hook(cluster::cli::JOBS);
    common::cli::main(|| cluster::cli::run(&common::cli::parse()))
}
