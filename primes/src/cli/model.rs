//! The models, by name.

use std::num::NonZeroUsize;

use clap::ValueEnum;
use primes::longest_poll::LongestPoll;
use primes::{Error, Job, async_blocking, async_tasks, gil, par_iter, processes, serial, threads};

/// What `--model` takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Choice {
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
    /// All of them, compared
    All,
}

/// A model, ready to run.
pub(crate) struct Model {
    choice: Choice,
    /// Of the async models.
    pub(crate) longest_poll: LongestPoll,
}

impl Choice {
    /// The models that a choice stands for.
    pub(crate) fn models(self) -> Vec<Model> {
        let all = [
            Choice::Serial,
            Choice::Threads,
            Choice::Processes,
            Choice::Rayon,
            Choice::Async,
            Choice::AsyncBlocking,
            Choice::Gil,
        ];
        all.into_iter()
            .filter(|&choice| self == Choice::All || self == choice)
            .map(Model::new)
            .collect()
    }
}

impl Model {
    /// One model; of [`Choice::All`], the serial one.
    pub(crate) fn new(choice: Choice) -> Model {
        Model {
            choice,
            longest_poll: LongestPoll::default(),
        }
    }

    pub(crate) fn name(&self) -> &'static str {
        match self.choice {
            Choice::Serial | Choice::All => "serial",
            Choice::Threads => "threads",
            Choice::Processes => "processes",
            Choice::Rayon => "rayon",
            Choice::Async => "async",
            Choice::AsyncBlocking => "async-blocking",
            Choice::Gil => "gil",
        }
    }

    /// How many workers it has when `jobs` are asked for.
    pub(crate) fn workers(&self, jobs: NonZeroUsize) -> usize {
        match self.choice {
            Choice::Serial | Choice::All => 1,
            _ => jobs.get(),
        }
    }

    pub(crate) fn run(
        &self,
        jobs: impl Iterator<Item = Job> + Send,
        workers: NonZeroUsize,
        done: impl Fn(Job, u64) + Sync,
    ) -> Result<(), Error> {
        let _span = tracing::info_span!("model", name = self.name()).entered();
        match self.choice {
            Choice::Serial | Choice::All => serial::run(jobs, workers, done),
            Choice::Threads => threads::run(jobs, workers, done),
            Choice::Processes => processes::run(jobs, workers, done),
            Choice::Rayon => par_iter::run(jobs, workers, done),
            Choice::Async => {
                let runtime = async_tasks::runtime(workers)?;
                async_tasks::run_on(&runtime, jobs, workers, done, &self.longest_poll);
                Ok(())
            }
            Choice::AsyncBlocking => async_blocking::run(jobs, workers, done, &self.longest_poll),
            Choice::Gil => gil::run(jobs, workers, done),
        }
    }

    /// What the table should say besides the time.
    pub(crate) fn remark(&self) -> Option<String> {
        matches!(self.choice, Choice::Async | Choice::AsyncBlocking).then(|| {
            let longest = common::timing::human_duration(self.longest_poll.get());
            format!("longest poll {longest}: everything else on the runtime waited that long")
        })
    }
}
