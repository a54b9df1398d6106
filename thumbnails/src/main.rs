//! The command line of the room `thumbnails`: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::memory::give_back();
    // This comes first: in a worker process it does not return.
    executors::hook(thumbnails::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
