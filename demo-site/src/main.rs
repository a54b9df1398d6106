//! The command line of the demo site: parse, serve.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    common::cli::main(|| cli::run(common::cli::parse()))
}
