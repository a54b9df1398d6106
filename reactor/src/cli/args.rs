//! The command line: its subcommands and flags.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use common::cli::{self, ChatClientArgs, OutputArgs, TraceArgs, numbers};
use url::Url;

/// One event loop and Twisted's pattern on it: a chat, an echo, a fetcher, a port forwarder.
///
/// Without a subcommand: a demonstration. It runs the chat server and three scripted clients in one
/// process, and shows what each client receives.
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
    Echo(ListenArgs),
    /// Fetch a URL (http), to standard output or into a file
    Fetch(FetchArgs),
    /// Forward a port
    Proxy(ProxyArgs),
}

#[derive(clap::Args, Debug)]
pub(super) struct ListenArgs {
    /// Where to listen: HOST:PORT, or a port on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4000", value_parser = cli::address)]
    pub(super) listen: SocketAddr,
    /// Close a connection when no byte came or went for TIME
    #[arg(long, value_name = "TIME", value_parser = numbers::duration)]
    pub(super) idle: Option<Duration>,
}

#[derive(clap::Args, Debug)]
pub(super) struct FetchArgs {
    /// The URL to fetch
    #[arg(value_parser = cli::http_url::<Url>)]
    pub(super) url: Url,
    /// Write the body into FILE. The file appears when it is complete. If the answer is an error,
    /// an existing file stays as it is
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Ask for the header only, and show it
    #[arg(short = 'I', long)]
    pub(super) head: bool,
    /// Send this header field, `NAME: VALUE`; can be given more than once
    #[arg(short = 'H', long = "header", value_name = "FIELD", value_parser = field)]
    pub(super) fields: Vec<(String, String)>,
    /// Stop when the whole fetch, redirects included, takes longer
    #[arg(long, value_name = "TIME", value_parser = numbers::duration)]
    pub(super) timeout: Option<Duration>,
    /// Stop when no byte comes for TIME
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    pub(super) idle: Duration,
    /// The longest header to accept
    #[arg(long, value_name = "SIZE", default_value = "64KiB", value_parser = numbers::size)]
    pub(super) max_header: u64,
    /// How many redirects to follow
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub(super) redirects: usize,
    /// The longest body to accept
    #[arg(long, value_name = "SIZE", default_value = "1GiB", value_parser = numbers::size)]
    pub(super) max_size: u64,
}

#[derive(clap::Args, Debug)]
pub(super) struct ProxyArgs {
    /// Where to listen: HOST:PORT, or a port on this machine
    #[arg(value_name = "LISTEN", value_parser = cli::address)]
    pub(super) listen: SocketAddr,
    /// Where to forward to: HOST:PORT, or a port on this machine
    #[arg(value_name = "TARGET", value_parser = cli::address)]
    pub(super) target: SocketAddr,
}

fn field(text: &str) -> Result<(String, String), String> {
    // The error does not repeat the value: it may be a password.
    let (name, value) = text.split_once(':').ok_or("expected NAME: VALUE")?;
    Ok((name.trim().to_owned(), value.trim().to_owned()))
}
