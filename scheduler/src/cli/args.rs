//! The command line: its subcommands and flags.

use std::net::SocketAddr;

use clap::{Parser, Subcommand};
use common::cli::{self, ChatClientArgs, OutputArgs, TraceArgs, numbers};
use scheduler::chat_server::MAX_CONNECTIONS;

/// From generators to tasks and futures, step by step, and a chat server at the end.
///
/// Without a subcommand: the workshop's two tasks, interleaved by generators, by system calls, by
/// policies, and as async tasks.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// Let one of the async tasks block the thread, and see how the others must wait
    #[arg(long)]
    pub(super) blocking: bool,
    #[command(flatten)]
    pub(super) trace: TraceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Functions that stop in the middle and give values
    Generator,
    /// Tasks that take turns
    RoundRobin,
    /// Tasks that ask the scheduler: own id, spawn, wait, kill, sleep, call
    SystemCalls,
    /// Which task is next: round robin, priorities, deadlines, lottery
    Policy(PolicyArgs),
    /// Locks, semaphores, events, channels; a deadlock that is detected
    Sync,
    /// Futures and wakers: the asyncio version, with short sleeps
    Tasks {
        /// Let one of the tasks block the thread, and see how the others must wait
        #[arg(long)]
        blocking: bool,
    },
    /// Serve the chat: lines `name:message`, for nc and chat-client
    ChatServer(ListenArgs),
    /// Chat: lines of standard input are messages
    ChatClient(ChatClientArgs),
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct PolicyArgs {
    /// How many turns of each policy to show, at most 1000
    #[arg(long, value_name = "N", default_value = "48", value_parser = turns)]
    pub(super) turns: usize,
    /// After how many turns of waiting a priority grows by one
    #[arg(long, value_name = "N", default_value = "4", value_parser = numbers::number)]
    pub(super) ageing: u64,
    /// The seed of the lottery: the same seed gives the same draws
    #[arg(long, value_name = "N", default_value = "1", value_parser = numbers::number)]
    pub(super) seed: u64,
}

impl Default for PolicyArgs {
    fn default() -> Self {
        PolicyArgs {
            turns: 48,
            ageing: 4,
            seed: 1,
        }
    }
}

/// Some twenty lines for each policy: more do not fit on a screen.
const MOST_TURNS: u64 = 1000;

fn turns(text: &str) -> Result<usize, String> {
    match numbers::number(text) {
        Ok(turns @ 1..=MOST_TURNS) => Ok(turns as usize),
        Ok(_) => Err(format!("{text}: from 1 to {MOST_TURNS} turns")),
        Err(error) => Err(error.to_string()),
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct ListenArgs {
    /// Where to listen: HOST:PORT, or a port on this machine; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:4000", value_parser = cli::address)]
    pub(super) listen: SocketAddr,
    /// How many connections may be open at once; more wait to be accepted
    #[arg(long, value_name = "N", default_value_t = MAX_CONNECTIONS)]
    pub(super) max_connections: usize,
}
