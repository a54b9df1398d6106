//! The models, by name.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
#[cfg(feature = "cluster")]
use std::path::PathBuf;

use clap::ValueEnum;
use common::cli::Choice;
use common::cli::compare::{self, Model as _};
use thumbnails::{Limits, Outcome, Task};
use thumbnails::{async_tasks, par_iter, processes, serial, threads};

use super::args::Args;
#[cfg(feature = "cluster")]
use super::cluster::{self, Broker};

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
    /// Other machines, which see the same folders, by agents of a broker
    #[cfg(feature = "cluster")]
    Cluster,
}

/// The models of a choice, the serial one first. `all` includes the cluster only if there is a broker.
pub(super) fn models(choice: Choice<Kind>, args: &Args) -> Vec<Model> {
    let mut kinds = choice.kinds();
    #[cfg(feature = "cluster")]
    kinds.retain(|&kind| {
        kind != Kind::Cluster || args.broker.is_given() || choice == Choice::One(Kind::Cluster)
    });
    let models = kinds.drain(..).map(Model::new);
    models.map(|model| model.for_command(args)).collect()
}

/// A model that is ready to run.
#[derive(Clone, Debug)]
pub(super) struct Model {
    kind: Kind,
    /// The limits of its worker processes.
    isolated: Option<Limits>,
    /// Whether its job waits for a slow disk. Then its workers are the files that it waits for.
    waits: bool,
    /// The broker and the folder of the thumbnails, for the cluster.
    #[cfg(feature = "cluster")]
    elsewhere: Option<(Broker, PathBuf)>,
}

impl Model {
    pub(super) fn new(kind: Kind) -> Model {
        Model {
            kind,
            isolated: None,
            waits: false,
            #[cfg(feature = "cluster")]
            elsewhere: None,
        }
    }

    /// For a slow disk.
    pub(super) fn waiting(kind: Kind) -> Model {
        Model {
            waits: true,
            ..Model::new(kind)
        }
    }

    /// With what the command line says of where it runs.
    #[cfg(feature = "cluster")]
    pub(super) fn for_command(self, args: &Args) -> Model {
        let folder = args.output.clone().unwrap_or_default();
        Model {
            elsewhere: Some((args.broker.clone(), folder)),
            ..self
        }
    }

    /// With what the command line says of where it runs: here.
    #[cfg(not(feature = "cluster"))]
    pub(super) fn for_command(self, _args: &Args) -> Model {
        self
    }

    pub(super) fn isolated(limits: Limits) -> Model {
        Model {
            isolated: Some(limits),
            ..Model::new(Kind::Processes)
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
            #[cfg(feature = "cluster")]
            (Kind::Cluster, _) => match &self.elsewhere {
                Some((broker, folder)) => cluster::run(broker, folder, tasks, done),
                None => Err(io::Error::other("no broker")),
            },
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
            #[cfg(feature = "cluster")]
            Kind::Cluster => "cluster",
        }
    }

    fn workers(&self, jobs: NonZeroUsize) -> usize {
        match self.kind {
            Kind::Serial => 1,
            Kind::Async if self.waits => async_tasks::READERS.max(2 * jobs.get()),
            _ => jobs.get(),
        }
    }
}
