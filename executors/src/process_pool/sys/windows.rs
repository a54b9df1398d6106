//! Windows: pipes, process handles, and the worker's own setup, by std and a few calls of kernel32.
//! There is no memory limit and no niceness. Processes that a job started do not end with the
//! worker: that would need job objects.

mod channel;
mod child;
mod surroundings;

use std::io;
use std::path::PathBuf;
use std::process::Command;

pub(in crate::process_pool) use channel::{Channel, Leftover, Outlet};
pub(in crate::process_pool) use child::Life;
pub(in crate::process_pool) use surroundings::{
    be_nice, end_with_pool, exit_at_once, limit_memory, linger, survive_signals, take_pipes,
};

pub(in crate::process_pool) const HAS_MEMORY_LIMIT: bool = false;

/// Pipes can't be enlarged here.
pub(in crate::process_pool) const LARGE: usize = usize::MAX;

/// See [`LARGE`].
pub(in crate::process_pool) fn widen(_pipe: &std::fs::File) {}

/// The program of the workers.
#[derive(Default)]
pub(in crate::process_pool) struct Program {
    path: PathBuf,
}

impl Program {
    /// This program. A running program's file can't be replaced here, so it exists.
    pub(in crate::process_pool) fn this() -> io::Result<Self> {
        std::env::current_exe().map(Self::other)
    }

    /// Another program.
    pub(in crate::process_pool) fn other(path: PathBuf) -> Self {
        Self { path }
    }

    pub(in crate::process_pool) fn command(&self) -> Command {
        Command::new(&self.path)
    }

    /// The text in errors.
    pub(in crate::process_pool) fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

/// A process always has the name of its file.
pub(in crate::process_pool) fn name_after_program() {}
