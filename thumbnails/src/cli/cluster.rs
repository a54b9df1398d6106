//! Other machines, with the feature `cluster`: which broker, the model, the agent.

#[cfg(feature = "cluster")]
pub(super) use cluster::cli::BrokerArgs as Broker;

#[cfg(feature = "cluster")]
mod model {
    use std::io;
    use std::ops::ControlFlow;
    use std::path::Path;

    use common::cli::{Interrupt, RunArgs};
    use thumbnails::{Outcome, Task, processes};

    use super::Broker;

    /// Runs tasks on the broker's agents.
    pub(in super::super) fn run(
        broker: &Broker,
        folder: &Path,
        tasks: impl Iterator<Item = Task>,
        done: impl Fn(Task, Outcome) -> ControlFlow<()>,
    ) -> io::Result<()> {
        let address = broker.broker().map_err(io::Error::other)?;
        let pool = broker.pool("thumbnails").connect(&address);
        let pool = pool.map_err(io::Error::other)?;
        thumbnails::cluster::run_on(&pool, folder, tasks, done)
    }

    /// Serves other machines.
    pub(in super::super) fn agent(
        args: &cluster::cli::AgentArgs,
        run: &RunArgs,
        interrupt: &Interrupt,
    ) -> anyhow::Result<common::cli::Outcome> {
        cluster::cli::serve(args, run, processes::JOBS, "thumbnails", interrupt)
    }
}
#[cfg(feature = "cluster")]
pub(super) use model::{agent, run};

/// No flags: this build has no cluster.
#[cfg(not(feature = "cluster"))]
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct Broker {}
