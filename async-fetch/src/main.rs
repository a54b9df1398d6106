//! The command line of async-fetch: parse, run, report.

mod cli;

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request makes about fifty small allocations, and this allocator is faster than the system's: see
/// TOOL.md.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    common::cli::main(|| cli::run(common::cli::parse()))
}
