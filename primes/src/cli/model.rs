//! The models, by name.

use std::io;
use std::num::NonZeroUsize;
use std::time::Duration;

use clap::ValueEnum;
use common::cli::Choice;
use common::cli::compare::{self, Model as _};
use common::timing::human_duration;
use primes::longest_poll::LongestPoll;
use primes::{Job, Watch, async_blocking, async_tasks, gil, par_iter, processes, serial, threads};

#[cfg(feature = "cluster")]
use super::cluster;
use super::cluster::Broker;

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// One after the other
    Serial,
    /// Threads and a queue
    Threads,
    /// Worker processes
    Processes,
    /// A parallel iterator
    Rayon,
    /// Tasks that leave the computing to other threads
    Async,
    /// Tasks that compute, and so block their runtime
    AsyncBlocking,
    /// Threads under one lock, as in Python
    Gil,
    /// Other machines, by agents of a broker
    #[cfg(feature = "cluster")]
    Cluster,
}

/// The models of a choice, the serial one first. `all` includes the cluster only if there is a broker.
pub(super) fn models(choice: Choice<Kind>, broker: &Broker) -> Vec<Model> {
    let mut kinds = choice.kinds();
    #[cfg(feature = "cluster")]
    kinds.retain(|&kind| {
        kind != Kind::Cluster || broker.is_given() || choice == Choice::One(Kind::Cluster)
    });
    let model = |kind| Model {
        broker: Some(broker.clone()),
        ..Model::new(kind)
    };
    kinds.drain(..).map(model).collect()
}

/// The longest poll of the model of that kind, if it is among `models`.
pub(super) fn longest_poll(models: &[Model], kind: Kind) -> Option<Duration> {
    let model = models.iter().find(|model| model.kind == kind)?;
    Some(model.longest_poll.get())
}

/// A model that is ready to run.
pub(super) struct Model {
    kind: Kind,
    /// Used by the cluster only.
    #[cfg_attr(
        not(feature = "cluster"),
        expect(dead_code, reason = "there is no cluster")
    )]
    broker: Option<Broker>,
    /// Used by the async models only.
    longest_poll: LongestPoll,
}

impl Model {
    pub(super) fn new(kind: Kind) -> Model {
        Model {
            kind,
            broker: None,
            longest_poll: LongestPoll::default(),
        }
    }

    /// Whether it reports progress only when a job is done.
    pub(super) fn is_silent(&self) -> bool {
        match self.kind {
            Kind::Processes => true,
            #[cfg(feature = "cluster")]
            Kind::Cluster => true,
            _ => false,
        }
    }

    /// Runs jobs. `watch` gets each answer.
    pub(super) fn run(
        &self,
        jobs: impl Iterator<Item = Job> + Send,
        workers: NonZeroUsize,
        watch: impl Watch,
    ) -> io::Result<()> {
        let _span = tracing::info_span!("model", name = self.name()).entered();
        match self.kind {
            Kind::Serial => serial::run(jobs, workers, watch),
            Kind::Threads => threads::run(jobs, workers, watch),
            Kind::Processes => processes::run(jobs, workers, watch),
            Kind::Rayon => par_iter::run(jobs, workers, watch),
            Kind::Async => {
                let runtime = async_tasks::runtime(workers)?;
                async_tasks::run_on(&runtime, jobs, workers, watch, &self.longest_poll);
                Ok(())
            }
            Kind::AsyncBlocking => {
                let runtime = async_blocking::runtime(workers)?;
                async_blocking::run_on(&runtime, jobs, workers, watch, &self.longest_poll);
                Ok(())
            }
            Kind::Gil => gil::run(jobs, workers, watch),
            #[cfg(feature = "cluster")]
            Kind::Cluster => match &self.broker {
                Some(broker) => cluster::run(broker, jobs, watch),
                None => Err(io::Error::other("no broker")),
            },
        }
    }
}

impl compare::Model for Model {
    fn name(&self) -> &str {
        match self.kind {
            Kind::Serial => "serial",
            Kind::Threads => "threads",
            Kind::Processes => "processes",
            Kind::Rayon => "rayon",
            Kind::Async => "async",
            Kind::AsyncBlocking => "async-blocking",
            Kind::Gil => "gil",
            #[cfg(feature = "cluster")]
            Kind::Cluster => "cluster",
        }
    }

    fn workers(&self, jobs: NonZeroUsize) -> usize {
        match self.kind {
            Kind::Serial => 1,
            _ => jobs.get(),
        }
    }

    fn remark(&self) -> Option<String> {
        matches!(self.kind, Kind::Async | Kind::AsyncBlocking)
            .then(|| format!("longest poll {}", human_duration(self.longest_poll.get())))
    }
}
