//! The command line of the mandelbrot room: parse, run, report.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    // First: in a worker process it does not return.
    executors::hook(mandelbrot::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
