//! The command line of the thumbnails room: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::memory::give_back();
    // First of all: a worker process gets no further.
    executors::hook(thumbnails::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
