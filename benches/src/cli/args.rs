//! The command line's grammar.

use std::num::NonZeroUsize;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use common::cli::RunArgs;

/// Runs our programs beside other people's on the same work, and says which is faster, by how much,
/// and how sure that is.
///
/// Without a subcommand: the jobs there are.
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
    /// Compare on a job, or on all; --runs says how many pairs [default: 10]
    Versus(VersusArgs),
    /// Make RESULTS.md and RESULTS.html of the tables in benches/results
    Report(ReportArgs),
    /// Do what check.py does: numbers from standard input, an answer a line
    #[command(hide = true)]
    Check {
        /// By what
        model: Model,
        /// How many workers
        workers: NonZeroUsize,
    },
    /// Do what mandelbrot.cpp does: draw the workshop's view, and print the sum of its counts
    #[command(hide = true)]
    Draw(DrawArgs),
    /// Do what pool.py does: hand over jobs that do nothing
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
    /// Yield or sleep as peers/green.* do
    #[command(hide = true)]
    Green {
        /// How
        how: GreenUse,
        /// By what
        model: GreenModel,
        /// How often, or how many
        count: u64,
    },
    /// Serve as peers/echo.* do: send back whatever comes, until killed
    #[command(hide = true)]
    Serve {
        /// By what
        server: Server,
    },
    /// Put the load of ping-pong on a server, to look at it with other tools
    #[command(hide = true)]
    Load {
        /// Where it listens
        server: SocketAddr,
        /// How many round trips
        round_trips: u32,
    },
    /// Do what peer-executors and tasks.py do: tasks that yield, end, or wait for ever
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
    /// Which job; without one all are done
    pub(crate) job: Option<String>,
    /// List the jobs, and which programs do them
    #[arg(long)]
    pub(crate) list: bool,
    /// Keep the tables in benches/results, for `benches report`
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
    /// First take the results that `cargo bench -p benches` left in target/criterion
    #[arg(long, conflicts_with = "check")]
    pub(crate) criterion: bool,
    /// Write nothing: say which tables are older than the code that they measure
    #[arg(long)]
    pub(crate) check: bool,
    /// The workspace's folder [default: the one this program was built in]
    #[arg(long, value_name = "FOLDER")]
    pub(crate) workspace: Option<PathBuf>,
}

#[derive(clap::Args, Debug)]
pub(crate) struct DrawArgs {
    /// By which kernel
    pub(crate) kernel: Kernel,
    /// How many threads
    pub(crate) workers: NonZeroUsize,
    /// Columns
    pub(crate) width: usize,
    /// Rows
    pub(crate) height: usize,
    /// Most iterations of a point
    pub(crate) iterations: u32,
    /// How often
    pub(crate) pictures: u32,
}

/// The kernels that other people's programs have too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Kernel {
    /// Rounds as the textbook does
    Exact,
    /// Multiplies and adds in one instruction, where the machine can
    Fast,
}

/// The models that Python has too.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Model {
    /// Threads
    Threads,
    /// Processes
    Processes,
}

/// How jobs are handed to a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Use {
    /// All, in chunks
    Map,
    /// One, and its answer, and the next
    RoundTrips,
}

/// The echo servers that are written in Rust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Server {
    /// The reactor room's
    Reactor,
    /// The green-threads room's
    GreenThreads,
    /// mio, which is read until it would block
    Mio,
    /// mio, where a short read is taken for the end
    MioShort,
    /// tokio's current_thread
    Tokio,
}

/// The work of the tasks.
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
    /// A hundred that yield to one another
    Yields,
    /// This many tasks that sleep for a second
    Sleepers,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum GreenModel {
    /// The green-threads room's
    GreenThreads,
    /// tokio's current_thread
    Tokio,
}
