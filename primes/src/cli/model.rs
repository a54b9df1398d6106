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
}

/// The models of a choice, the serial one first.
pub(super) fn models(choice: Choice<Kind>) -> Vec<Model> {
    choice.kinds().into_iter().map(Model::new).collect()
}

/// The longest poll of the model of that kind, if it is among `models`.
pub(super) fn longest_poll(models: &[Model], kind: Kind) -> Option<Duration> {
    let model = models.iter().find(|model| model.kind == kind)?;
    Some(model.longest_poll.get())
}

/// A model that is ready to run.
pub(super) struct Model {
    kind: Kind,
    /// Used by the async models only.
    longest_poll: LongestPoll,
}

impl Model {
    pub(super) fn new(kind: Kind) -> Model {
        Model {
            kind,
            longest_poll: LongestPoll::default(),
        }
    }

    /// Whether it reports progress only when a job is done.
    pub(super) fn is_silent(&self) -> bool {
        self.kind == Kind::Processes
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
