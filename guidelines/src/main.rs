//! The command line of the last chapter: parse, measure, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // In a child that is measured, and in a worker of a pool, it does not return.
    guidelines::child::begin();
    common::cli::main(|| cli::run(common::cli::parse()))
}
