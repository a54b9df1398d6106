//! Other programs, under `std::process`'s names: waiting for them lets the other green threads run.
//!
//! The event loop watches a child's pipes and, by its descriptor (Linux's `pidfd`), its end; no
//! thread is needed for that. Starting a program is the standard library's, and takes the thread
//! for the millisecond or so that the system needs for it.

mod child;
mod command;

pub use child::Child;
pub use command::Command;

/// What is the same: how a child ended, what it wrote, and where its input comes from.
pub use std::process::{ExitStatus, Output, Stdio};
