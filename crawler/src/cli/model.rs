//! The models, by name.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use common::cli::{Choice, compare};
use crawler::{Crawl, async_rayon, async_tasks, processes, serial, threads};

/// A model of concurrency.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// One page after the other
    Serial,
    /// A thread for each page in flight
    Threads,
    /// Threads fetch, processes read
    Processes,
    /// One thread waits for all pages, and reads them
    Async,
    /// One thread waits for all pages, a rayon pool reads them
    Rayon,
}

/// The models of a choice, the serial one first.
pub(super) fn models(choice: Choice<Kind>) -> Vec<Model> {
    choice.kinds().into_iter().map(Model).collect()
}

/// A model, ready to run.
#[derive(Clone, Copy, Debug)]
pub(super) struct Model(pub(super) Kind);

impl Model {
    /// Runs a crawl to its end.
    pub(super) fn run(
        self,
        crawl: &Crawl,
        jobs: NonZeroUsize,
    ) -> Result<(), crawler::crawl::Error> {
        let _span = tracing::info_span!("model", name = compare::Model::name(&self)).entered();
        match self.0 {
            Kind::Serial => serial::run(crawl, jobs),
            Kind::Threads => threads::run(crawl, jobs),
            Kind::Processes => processes::run(crawl, jobs),
            Kind::Async => async_tasks::run(crawl, jobs),
            Kind::Rayon => async_rayon::run(crawl, jobs),
        }
    }
}

impl compare::Model for Model {
    fn name(&self) -> &str {
        match self.0 {
            Kind::Serial => "serial",
            Kind::Threads => "threads",
            Kind::Processes => "processes",
            Kind::Async => "async",
            Kind::Rayon => "async + rayon",
        }
    }

    fn workers(&self, jobs: NonZeroUsize) -> usize {
        match self.0 {
            Kind::Serial => 1,
            _ => jobs.get(),
        }
    }
}
