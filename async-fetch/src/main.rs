//! The command line of async-fetch: parse, run, report.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request is some fifty small allocations, and this one makes them in less time than the
/// system's: see the README.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    common::cli::main(|| cli::run(common::cli::parse()))
}
