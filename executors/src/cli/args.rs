//! The command line's grammar.

use clap::{Parser, Subcommand, ValueEnum};
use common::cli::{Choice, RunArgs, Shell};

/// Concurrent futures on threads and in processes: every call, and what came of it on each.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// What the workers are
    #[arg(long, default_value = "all")]
    pub(super) model: Choice<Kind>,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

/// What the workers are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// Threads of this process
    Threads,
    /// Worker processes
    Processes,
}
