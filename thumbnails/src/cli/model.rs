//! The models, by name.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use clap::ValueEnum;
use common::cli::Choice;
use common::cli::compare::{self, Model as _};
use thumbnails::{Limits, Outcome, Task};
use thumbnails::{async_tasks, par_iter, processes, serial, threads};

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// One after the other
    Serial,
    /// A thread pool: submit all, and handle each as it completes
    Threads,
    /// A process pool
    Processes,
    /// A parallel iterator
    Rayon,
    /// Files are awaited, a pool decodes
    Async,
}

/// The models of a choice, the serial one first.
pub(super) fn models(choice: Choice<Kind>) -> Vec<Model> {
    choice.kinds().into_iter().map(Model::new).collect()
}

/// A model that is ready to run.
#[derive(Clone, Debug)]
pub(super) struct Model {
    kind: Kind,
    /// The limits of its worker processes.
    isolated: Option<Limits>,
}

impl Model {
    pub(super) fn new(kind: Kind) -> Model {
        Model {
            kind,
            isolated: None,
        }
    }

    pub(super) fn isolated(limits: Limits) -> Model {
        Model {
            kind: Kind::Processes,
            isolated: Some(limits),
        }
    }

    /// Runs tasks. `done` gets each outcome, and returns whether to continue.
    pub(super) fn run(
        &self,
        tasks: impl Iterator<Item = Task> + Send,
        workers: NonZeroUsize,
        done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
    ) -> io::Result<()> {
        let _span = tracing::info_span!("model", name = self.name()).entered();
        match (self.kind, &self.isolated) {
            (Kind::Serial, _) => serial::run(tasks, workers, done),
            (Kind::Threads, _) => threads::run(tasks, workers, done),
            (Kind::Processes, None) => processes::run(tasks, workers, done),
            (Kind::Processes, Some(limits)) => {
                processes::run_on(&processes::isolated(workers, limits)?, tasks, done)
            }
            (Kind::Rayon, _) => par_iter::run(tasks, workers, done),
            (Kind::Async, _) => async_tasks::run(tasks, workers, done),
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
        }
    }

    fn workers(&self, jobs: NonZeroUsize) -> usize {
        match self.kind {
            Kind::Serial => 1,
            _ => jobs.get(),
        }
    }
}
