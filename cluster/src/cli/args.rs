//! The arguments of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};
use common::cli::{RunArgs, Usage, numbers};

use crate::broker::Broker;
use crate::builder::RedisPoolBuilder;
use crate::pool::RedisPool;

/// The environment variable with the broker's address, used without a flag. (Other users can see flags in the
/// list of processes.)
const ADDRESS: &str = "CLUSTER_BROKER";

/// The same jobs on many machines, by a Redis server between them.
///
/// Without a subcommand: the same work by a local pool and, if there is a broker, by its agents.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub struct Args {
    /// What to do.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// The broker, for the demonstration.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// How.
    #[command(flatten)]
    pub run: RunArgs,
}

/// What to do.
#[derive(Subcommand, Debug)]
pub enum Command {
    /// Run jobs of this broker on this machine, until Ctrl-C or `drain`
    Agent(AgentArgs),
    /// Show agents, clients, queues and rates, until Ctrl-C
    Top(TopArgs),
    /// Tell the agents of a machine to take no more jobs, and to end after their last one
    Drain(DrainArgs),
    /// List the jobs that have used up their tries, the newest first
    Dead(DeadArgs),
    /// Measure the time from the submission of an empty job to its result
    Trip(BrokerArgs),
}

/// The broker, and the cluster on it.
#[derive(clap::Args, Clone, Debug)]
#[command(next_help_heading = "Cluster options")]
pub struct BrokerArgs {
    /// The broker: redis://USER:PASSWORD@HOST:PORT, rediss://… for TLS [default: the
    /// environment variable CLUSTER_BROKER]
    #[arg(long, value_name = "URL")]
    pub broker: Option<String>,
    /// The certificate authority of a rediss:// broker, as a PEM file [default: the system's]
    #[arg(long, value_name = "FILE")]
    pub broker_ca: Option<PathBuf>,
    /// The prefix of all keys at the broker: clients and agents with the same prefix are one cluster
    /// [default: the tool's name]
    #[arg(long, value_name = "NAME")]
    pub prefix: Option<String>,
    /// How long an agent or client may be silent before it counts as dead
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = "30")]
    pub lease: Duration,
}

impl BrokerArgs {
    /// Whether a broker is named, by a flag or in the environment.
    pub fn is_given(&self) -> bool {
        self.address().is_some()
    }

    fn address(&self) -> Option<String> {
        let from_environment = || std::env::var(ADDRESS).ok().filter(|text| !text.is_empty());
        self.broker.clone().or_else(from_environment)
    }

    /// The broker.
    ///
    /// # Errors
    /// [`Usage`] if none is named, or the address is wrong.
    pub fn broker(&self) -> Result<Broker, Usage> {
        let url = self.address().ok_or_else(|| {
            Usage(format!(
                "--broker: missing. For example --broker redis://localhost, or {ADDRESS} in the \
                 environment; `redis-server` starts one"
            ))
        })?;
        if self.lease < Duration::from_millis(100) {
            return Err(Usage("--lease: at least 100ms".to_owned()));
        }
        let broker = match &self.broker_ca {
            Some(authority) => Broker::with_authority(&url, authority),
            None => Broker::at(&url),
        };
        broker.map_err(|error| Usage(error.to_string()))
    }

    /// The prefix asked for, or the tool's name.
    pub fn prefix(&self, name: &str) -> String {
        self.prefix.clone().unwrap_or_else(|| name.to_owned())
    }

    /// A pool on this broker, set up as the flags say.
    pub fn pool(&self, name: &str) -> RedisPoolBuilder {
        RedisPool::builder()
            .prefix(self.prefix(name))
            .lease(self.lease)
    }
}

/// How an agent runs.
#[derive(clap::Args, Clone, Debug)]
pub struct AgentArgs {
    /// Whose jobs.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// The name of this machine [default: its host name]
    #[arg(long, value_name = "NAME")]
    pub host: Option<String>,
    /// The largest memory (address space) of a worker process: `2GiB`
    #[arg(long, value_name = "SIZE", value_parser = numbers::size)]
    pub memory_limit: Option<u64>,
}

/// How the overview is shown.
#[derive(clap::Args, Debug)]
pub struct TopArgs {
    /// Of which broker.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// Show it once
    #[arg(long)]
    pub once: bool,
    /// How often it is shown
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = "2")]
    pub interval: Duration,
}

/// What is drained.
#[derive(clap::Args, Debug)]
pub struct DrainArgs {
    /// Of which broker.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// The machine, or one agent, as `cluster top` shows it
    pub host: String,
    /// Do not wait until its agents have ended
    #[arg(long)]
    pub no_wait: bool,
}

/// Which dead letters.
#[derive(clap::Args, Debug)]
pub struct DeadArgs {
    /// Of which broker.
    #[command(flatten)]
    pub broker: BrokerArgs,
    /// How many at most
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "100")]
    pub most: u64,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }
}
