//! The command line; and what other tools use for their `agent` and `--model cluster`.

mod args;
mod demo;
mod drain;
mod top;
mod trip;

use anyhow::{Context, bail};
use common::cli::{Interrupt, Outcome, RunArgs, Usage, interrupt};
use executors::{JobType, ProcessPool};

pub use args::{AgentArgs, Args, BrokerArgs, Command};
pub use demo::JOBS;

use crate::agent::{Agent, End, RESTART_LIMIT};

/// Runs a command.
///
/// # Errors
/// Its failure, for a person to read.
pub fn run(args: &Args) -> anyhow::Result<Outcome> {
    let session = common::cli::start(&args.run)?;
    let interrupt = interrupt::install()?;
    let result = answer(args, &interrupt);
    session.conclude(result, &interrupt)
}

fn answer(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let run = &args.run;
    if args.command.is_some() && args.broker.broker.is_some() {
        bail!(Usage("--broker: write it after the subcommand".to_owned()));
    }
    match &args.command {
        None => demo::run(&args.broker, run, interrupt),
        Some(Command::Agent(agent)) => serve(agent, run, JOBS, "cluster", interrupt),
        Some(Command::Top(top)) => top::run(top, run, interrupt),
        Some(Command::Drain(which)) => drain::run(which, run, interrupt),
        Some(Command::Dead(which)) => drain::dead(which, run),
        Some(Command::Trip(broker)) => trip::run(broker, run, interrupt),
    }
}

/// Runs an agent for a tool's jobs, until it is drained or interrupted. `name` is the tool's: the
/// prefix, unless another is asked for.
///
/// # Errors
/// As [`Agent::run`].
pub fn serve(
    args: &AgentArgs,
    run: &RunArgs,
    jobs: &[JobType],
    name: &str,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let (broker, workers, quiet) = (&args.broker, run.jobs(), run.output.quiet);
    let address = broker.broker()?;
    let mut pool = ProcessPool::builder()
        .workers(workers.get())
        .restart_limit(RESTART_LIMIT);
    if let Some(limit) = args.memory_limit {
        pool = pool.memory_limit(limit);
    }
    let mut builder = Agent::builder(jobs)
        .prefix(broker.prefix(name))
        .lease(broker.lease)
        .pool(pool);
    if let Some(host) = &args.host {
        builder = builder.host(host);
    }
    let agent = builder.connect(&address).context("the agent can't start")?;
    if !quiet {
        common::remark!("{}: {workers} workers for {address}", agent.id());
    }
    match agent.run(|| interrupt.raised())? {
        End::Drained if !quiet => common::remark!("drained: all jobs are done"),
        _ => {}
    }
    Ok(Outcome::Done)
}
