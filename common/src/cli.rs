//! The common part of every command line: flags, numbers, logs, progress, Ctrl-C, exit codes. It
//! needs the cargo feature `cli`.
//!
//! Exit codes: 0: all done (also when the reader closed the pipe). 1: something failed. 2: wrong
//! usage. 130: interrupted.

mod address;
mod args;
mod choice;
pub mod compare;
mod descriptors;
mod exit;
pub mod interrupt;
pub mod numbers;
mod package;
pub mod progress;
mod remark;
mod session;

pub use crate::files;
pub use crate::stdout::{Stdout, stdout};
pub use address::{address, http_url};
pub use args::{ChatClientArgs, OutputArgs, RunArgs, TraceArgs};
pub use choice::{Choice, ChoiceParser};
pub use descriptors::allow_descriptors;
pub use exit::{Outcome, Usage, main, parse};
pub use interrupt::Interrupt;
pub use progress::Progress;
pub use remark::remark;
pub use session::{Session, log, start, start_with};

/// The last lines of a demonstration: what to read next, and how to run the first step.
pub fn read_next(room: &str) -> String {
    format!("Read next: {room}/README.md\nIts first step: cargo run --example {room}-1")
}
