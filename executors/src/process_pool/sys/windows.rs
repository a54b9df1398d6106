//! Windows: pipes, handles of processes, and what a worker does to itself, by std and a few calls of
//! kernel32. There is no limit of memory, no niceness, and what a job leaves behind is not ended:
//! that needs job objects.

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

/// Pipes can't be made wider here.
pub(in crate::process_pool) const LARGE: usize = usize::MAX;

/// See [`LARGE`].
pub(in crate::process_pool) fn widen(_pipe: &std::fs::File) {}

/// The program that workers run.
#[derive(Default)]
pub(in crate::process_pool) struct Program {
    path: PathBuf,
}

impl Program {
    /// This very program. A running program can't be replaced here, so its file is there.
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

    /// For errors.
    pub(in crate::process_pool) fn describe(&self) -> String {
        self.path.display().to_string()
    }
}

/// A process is called what its file is called.
pub(in crate::process_pool) fn name_after_program() {}
