//! Other machines, with the feature `cluster`: which broker, the model, the agent.

#[cfg(feature = "cluster")]
pub(super) use cluster::cli::BrokerArgs as Broker;

#[cfg(feature = "cluster")]
mod model {
    use std::io;

    use cluster::RedisPool;
    use common::cli::{Interrupt, Outcome, RunArgs};
    use mandelbrot::kernels::KernelName;
    use mandelbrot::{Counts, Plan, processes};

    use super::Broker;

    /// Connects to the broker.
    pub(in super::super) fn pool(broker: &Broker) -> io::Result<RedisPool> {
        let address = broker.broker().map_err(io::Error::other)?;
        let pool = broker.pool("mandelbrot").connect(&address);
        pool.map_err(io::Error::other)
    }

    /// Draws a picture by the broker's agents.
    pub(in super::super) fn run(
        pool: &RedisPool,
        plan: &Plan,
        kernel: KernelName,
        stop: impl Fn() -> bool + Sync,
    ) -> io::Result<Counts> {
        let end = || {
            let _ = pool.kill();
        };
        processes::run_with(pool, end, plan, kernel, stop)
    }

    /// Serves other machines.
    pub(in super::super) fn agent(
        args: &cluster::cli::AgentArgs,
        run: &RunArgs,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Outcome> {
        // The list that `main` gave the hook.
        let jobs = &[processes::JOB, mandelbrot::shared_memory::JOB];
        cluster::cli::serve(args, run, jobs, "mandelbrot", interrupt)
    }
}
#[cfg(feature = "cluster")]
pub(super) use model::{agent, pool, run};

/// No flags: this build has no cluster.
#[cfg(not(feature = "cluster"))]
#[derive(clap::Args, Clone, Debug, Default)]
pub(super) struct Broker {}
