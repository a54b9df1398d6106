//! Other machines, with the feature `cluster`: which broker, the model, the agent.

#[cfg(feature = "cluster")]
pub(super) use cluster::cli::BrokerArgs as Broker;

#[cfg(feature = "cluster")]
mod model {
    use std::io;

    use common::cli::{Interrupt, Outcome, RunArgs};
    use primes::{Job, Watch, processes};

    use super::Broker;

    /// Runs jobs on the broker's agents.
    pub(in super::super) fn run(
        broker: &Broker,
        jobs: impl Iterator<Item = Job> + Send,
        watch: impl Watch,
    ) -> io::Result<()> {
        let address = broker.broker().map_err(io::Error::other)?;
        let pool = broker.pool("primes").connect(&address);
        let pool = pool.map_err(io::Error::other)?;
        // What runs elsewhere can't be asked to stop: it is ended with its worker.
        let end = || {
            let _ = pool.kill();
        };
        processes::run_with(&pool, end, jobs, watch)
    }

    /// Serves other machines.
    pub(in super::super) fn agent(
        args: &cluster::cli::AgentArgs,
        run: &RunArgs,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Outcome> {
        cluster::cli::serve(args, run, processes::JOBS, "primes", interrupt)
    }
}
#[cfg(feature = "cluster")]
pub(super) use model::{agent, run};

/// No flags: this build has no cluster.
#[cfg(not(feature = "cluster"))]
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct Broker {}
