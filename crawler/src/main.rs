//! The command line of the crawler: parse, run, report.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A page is some hundreds of small allocations, many of which are freed by another thread.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // First: in a worker process it does not return.
    executors::hook(crawler::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
