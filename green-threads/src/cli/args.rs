//! The command line: its subcommands and flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use common::cli::numbers::{self, positive};
use common::cli::{ChatClientArgs, OutputArgs, TraceArgs, address, http_url};
use green_threads::DEFAULT_MAX_CONNECTIONS;
use url::Url;

/// Green threads: a thousand things at once on one thread, in code that reads top to bottom.
///
/// Without a subcommand: three demonstrations in seconds. A thousand sleepers, a producer with its
/// consumers, and the chat with three clients, each on a single thread of the system.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) trace: TraceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Serve the chat: lines `name:message`, for nc, telnet and chat-client
    ChatServer(ListenArgs),
    /// Chat: lines of standard input are messages
    ChatClient(ChatClientArgs),
    /// Send back all bytes that come
    Echo(EchoArgs),
    /// Fetch URLs (http), many at once
    Fetch(FetchArgs),
    /// Measure what a switch between green threads, and between threads, costs
    PingPong(PingPongArgs),
}

#[derive(clap::Args, Debug)]
pub(super) struct ListenArgs {
    /// Where to listen: HOST:PORT, or a port on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4000", value_parser = address)]
    pub(super) listen: SocketAddr,
    /// How many connections to serve at once; the others wait to be accepted
    #[arg(long, value_name = "N", default_value_t = DEFAULT_MAX_CONNECTIONS, value_parser = positive::<usize>)]
    pub(super) max_connections: usize,
    /// After Ctrl-C, how long connections may take to end
    #[arg(long, value_name = "TIME", default_value = "800ms", value_parser = numbers::duration)]
    pub(super) grace: Duration,
}

#[derive(clap::Args, Debug)]
pub(super) struct EchoArgs {
    /// How many threads, which share the port
    #[arg(short, long, value_name = "N", default_value_t = 1, value_parser = positive::<usize>)]
    pub(super) jobs: usize,
    #[command(flatten)]
    pub(super) listen: ListenArgs,
}

#[derive(clap::Args, Debug)]
pub(super) struct FetchArgs {
    /// The URLs to fetch
    #[arg(required = true, value_name = "URL", value_parser = http_url::<Url>)]
    pub(super) urls: Vec<Url>,
    /// How many at once
    #[arg(long, value_name = "N", default_value_t = 100, value_parser = positive::<usize>)]
    pub(super) at_once: usize,
    /// Write the bodies into this folder, as 1, 2 and so on [default: only count them]
    #[arg(short, long, value_name = "DIR")]
    pub(super) output: Option<PathBuf>,
    /// The time-out of each fetch
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    pub(super) timeout: Duration,
    /// How many redirects to follow
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) redirects: usize,
    /// The longest body to accept
    #[arg(long, value_name = "SIZE", default_value = "64MiB", value_parser = numbers::size)]
    pub(super) max_size: u64,
}

#[derive(clap::Args, Debug)]
pub(super) struct PingPongArgs {
    /// How many switches
    #[arg(value_name = "N", default_value = "1_000_000", value_parser = positive::<u64>)]
    pub(super) times: u64,
}
