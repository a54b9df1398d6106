//! The command line's grammar.

use clap::{Parser, Subcommand, ValueEnum};
use common::cli::{RunArgs, Shell};

/// Concurrent futures on threads and in processes: every call, and what came of it on each.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// What the workers are
    #[arg(long, value_enum, default_value = "all")]
    pub(super) model: Model,
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

/// What `--model` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Model {
    /// Threads of this process
    Threads,
    /// Worker processes
    Processes,
    /// Both, side by side
    All,
}

impl Model {
    pub(super) fn has_threads(self) -> bool {
        self != Model::Processes
    }

    pub(super) fn has_processes(self) -> bool {
        self != Model::Threads
    }
}
