//! The command line of async-fetch: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(|| cli::run(common::cli::parse()))
}
