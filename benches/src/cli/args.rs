//! The arguments of the command line.

use std::num::NonZeroUsize;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use common::cli::RunArgs;

/// Runs our programs and other people's on the same work. Prints which is faster, by how much, and how
/// certain that is.
///
/// Without a subcommand it lists the jobs.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Compare programs on one job, or on all; --runs is the number of pairs [default: 10]
    Versus(VersusArgs),
    /// Write RESULTS.md and RESULTS.html from the tables in benches/results
    Report(ReportArgs),
    /// Do the work of check.py: read numbers, print a line for each
    #[command(hide = true)]
    Check {
        /// The model
        model: Model,
        /// How many workers
        workers: NonZeroUsize,
    },
    /// Do the work of mandelbrot.cpp: compute the workshop's view, and print the sum of its counts
    #[command(hide = true)]
    Draw(DrawArgs),
    /// Do the work of pool.py: submit jobs that do nothing
    #[command(hide = true)]
    Pool {
        /// How
        how: Use,
        /// To what
        model: Model,
        /// How many workers
        workers: NonZeroUsize,
        /// How many jobs
        count: u64,
    },
    /// Do the work of peers/green.*: yield or sleep
    #[command(hide = true)]
    Green {
        /// How
        how: GreenUse,
        /// The model
        model: GreenModel,
        /// How often, or how many
        count: u64,
    },
    /// Do the work of peers/echo.*: send back all data, until killed
    #[command(hide = true)]
    Serve {
        /// The model
        server: Server,
    },
    /// Send the load of ping-pong to a server, to look at it with other tools
    #[command(hide = true)]
    Load {
        /// Its address
        server: SocketAddr,
        /// How many round trips
        round_trips: u32,
    },
    /// Do the work of peer-executors and tasks.py: tasks that yield, end, or wait for ever
    #[command(hide = true)]
    Tasks {
        /// What
        job: TasksJob,
        /// How many
        count: u64,
    },
}

#[derive(clap::Args, Debug)]
pub(crate) struct VersusArgs {
    /// The job [default: all]
    pub(crate) job: Option<String>,
    /// List the jobs and their programs
    #[arg(long)]
    pub(crate) list: bool,
    /// Save the tables in benches/results, for `benches report`
    #[arg(long)]
    pub(crate) save: bool,
    /// The workspace's folder, for --save [default: the one this program was built in]
    #[arg(long, value_name = "FOLDER", requires = "save")]
    pub(crate) workspace: Option<PathBuf>,
    /// Print Markdown, for a README
    #[arg(long, conflicts_with = "json")]
    pub(crate) markdown: bool,
}

#[derive(clap::Args, Debug)]
pub(crate) struct ReportArgs {
    /// Also save the results of `cargo bench -p benches`, from target/criterion
    #[arg(long, conflicts_with = "check")]
    pub(crate) criterion: bool,
    /// Write nothing; list the tables that are older than the code that they measure
    #[arg(long)]
    pub(crate) check: bool,
    /// The workspace's folder [default: the one this program was built in]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct DrawArgs {
    /// The kernel
    pub(crate) kernel: Kernel,
    /// How many threads
    pub(crate) workers: NonZeroUsize,
    /// Columns
    pub(crate) width: usize,
    /// Rows
    pub(crate) height: usize,
    /// The largest number of iterations of a point
    pub(crate) iterations: u32,
    /// How many times
    pub(crate) pictures: u32,
}

/// The kernels that other people's programs also have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kernel {
    /// Rounds after each operation, as the textbook's loop does
    Exact,
    /// Multiplies and adds in one instruction, if the CPU can
    Fast,
}

/// The models that Python also has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Model {
    /// Threads
    Threads,
    /// Processes
    Processes,
}

/// How jobs are submitted to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Use {
    /// All of them, in chunks
    Map,
    /// The next one after the answer of the one before
    RoundTrips,
}

/// The echo servers that are written in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// The server of the room reactor
    Reactor,
    /// The green-threads room's
    GreenThreads,
    /// mio: reads until it would block
    Mio,
    /// mio: stops reading after a short read
    MioShort,
    /// tokio, with one thread
    Tokio,
}

/// The work of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TasksJob {
    /// Yield
    Yield,
    /// End at once
    Spawn,
    /// Wait for ever
    Park,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GreenUse {
    /// A hundred that yield in turns
    Yields,
    /// This many tasks that sleep for a second
    Sleepers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GreenModel {
    /// The green-threads room's
    GreenThreads,
    /// tokio, with one thread
    Tokio,
}
