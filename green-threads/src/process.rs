//! Other programs, with the names of `std::process`: waiting for them lets the other green threads
//! run.
//!
//! The event loop watches a child's pipes, and its end by a descriptor (Linux's `pidfd`). This
//! needs no thread. The standard library starts the program; that takes about a millisecond of this
//! thread.

mod child;
mod command;

pub use child::Child;
pub use command::Command;

/// Types that are the same: how a child ended, its output, and where its input comes from.
pub use std::process::{ExitStatus, Output, Stdio};
