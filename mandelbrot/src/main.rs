//! The command line of the room `mandelbrot`: parse, run, report.

mod cli;

use std::process::ExitCode;

use mandelbrot::{processes, shared_memory};

fn main() -> ExitCode {
    // This comes first: in a worker process it does not return.
    executors::hook(&[processes::JOB, shared_memory::JOB]);
    common::cli::main(|| cli::run(common::cli::parse()))
}
