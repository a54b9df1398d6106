//! The command line's grammar.

use clap::{Parser, ValueEnum};
use common::cli::{Choice, RunArgs};

/// Concurrent futures on threads and in processes: every call, and its outcome on each.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// The kind of workers
    #[arg(long, default_value = "all")]
    pub(super) model: Choice<Kind>,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// The kind of workers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Threads of this process
    Threads,
    /// Worker processes
    Processes,
}
