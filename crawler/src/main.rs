//! The command line of the crawler: parse, run, report.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A page makes some hundred small allocations, and another thread frees many of them.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // This must be the first line: in a worker process it does not return.
    executors::hook(crawler::processes::JOBS);
    common::cli::main(|| cli::run(common::cli::parse()))
}
