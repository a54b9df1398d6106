//! The command line of the green-threads room: parse, run, report.

use std::process::ExitCode;

#[cfg(unix)]
mod cli;

#[cfg(unix)]
fn main() -> ExitCode {
    common::cli::main(|| cli::run(&common::cli::parse()))
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    eprintln!(
        "error: green-threads runs on Unix only: its stacks and their guard pages are Unix's. The \
         same chat server runs here as `scheduler chat` and `reactor chat`."
    );
    ExitCode::from(2)
}
