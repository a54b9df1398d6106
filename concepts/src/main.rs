//! The command line of the first chapter: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(|| cli::run(common::cli::parse()))
}
