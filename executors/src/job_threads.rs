//! The thread pool as an executor of jobs.

use std::sync::Arc;

use crate::counters::Counters;
use crate::encoded::{EncodedExecutor, EncodedJob};
use crate::error::Error;
use crate::executor::{BatchOutput, Executor};
use crate::future::Future;
use crate::job::Job;
use crate::options::Options;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::refused::Refused;
use crate::sync::{Mutex, lock};
use crate::thread_pool::{Core, Task, ThreadPool, run_each};
use crate::{encoded, patience::Patience, same_job, span};

/// A job that runs in this process is not encoded, unless two futures share its result.
impl Executor for ThreadPool {
    fn encoded(&self) -> &dyn EncodedExecutor {
        self
    }

    fn submit_with<J: Job>(&self, job: J, options: &Options) -> Result<Future<J::Output>, Error> {
        if options.key.is_some() {
            return encoded::submit_one(self, &job, options);
        }
        check(options)?;
        self.core().enqueue(options.patience, || move || job.run())
    }

    fn try_submit<J: Job>(&self, job: J) -> Result<Future<J::Output>, Refused<J>> {
        self.enqueue_or_return(Patience::Never, job, |job| move || job.run())
    }

    fn submit_batch_with<J: Job>(
        &self,
        jobs: Vec<J>,
        options: &Options,
    ) -> Result<Future<BatchOutput<J>>, Error> {
        if options.key.is_some() {
            return encoded::submit_batch(self, &jobs, options);
        }
        check(options)?;
        self.core()
            .enqueue(options.patience, || move || run_each(jobs, Job::run))
    }
}

fn check(options: &Options) -> Result<(), Error> {
    match options.time_limit {
        None => Ok(()),
        Some(_) => Err(Error::Unsupported {
            what: "a time limit for a job on a thread".to_owned(),
        }),
    }
}

impl EncodedExecutor for ThreadPool {
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
        check(job.options())?;
        let core = self.core();
        same_job::submit_once(core.id(), job, |job| {
            let patience = job.options().patience;
            core.push(patience, || {
                Arc::new(Call {
                    job: Mutex::new(Some(job)),
                    core: Arc::clone(core),
                })
            })
        })
    }

    fn size_limit(&self) -> usize {
        usize::MAX
    }

    fn workers(&self) -> usize {
        self.workers()
    }

    fn pending(&self) -> usize {
        self.pending()
    }

    fn counters(&self) -> Counters {
        self.counters()
    }

    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.shutdown(wait, cancel_pending)
    }
}

/// An encoded job that waits for a thread.
struct Call {
    /// The job, until it is run or refused.
    job: Mutex<Option<EncodedJob>>,
    core: Arc<Core>,
}

impl Call {
    fn take(&self) -> Option<EncodedJob> {
        lock(&self.job).take()
    }
}

impl Task for Call {
    fn claim(&self) -> bool {
        lock(&self.job).as_ref().is_some_and(EncodedJob::start)
    }

    fn run(&self) {
        if let Some(job) = self.take() {
            let run = || {
                job.job_type()
                    .run_encoded(job.payload(), job.count(), usize::MAX)
            };
            let results = span::job(run);
            job.finish(Ok(&results));
        }
    }

    fn is_pending(&self) -> bool {
        lock(&self.job).as_ref().is_some_and(EncodedJob::is_pending)
    }

    fn refuse(&self, error: Error) {
        if let Some(job) = self.take() {
            job.refuse(error);
        }
    }
}

impl Owner for Call {
    fn cancelled(&self) {
        self.core.note_cancelled();
        drop(self.take());
    }

    fn pool(&self) -> Option<PoolId> {
        Some(self.core.id())
    }
}
