//! Encoded jobs (jobs as bytes), and executors that take them: the object-safe form of
//! [`Executor`](crate::Executor).

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::codec::{self, Answer, HEADROOM};
use crate::counters::Counters;
use crate::error::Error;
use crate::executor::BatchOutput;
use crate::forward::EncodedAnswer;
use crate::future::Future;
use crate::job::{Job, JobType, job};
use crate::map;
use crate::options::Options;
use crate::promise::Owner;
use crate::state::State;

/// Runs encoded jobs. It can be a trait object: [`Executor`](crate::Executor) is implemented for
/// `dyn EncodedExecutor`, and so for `Arc<dyn EncodedExecutor>` and others.
///
/// A new executor implements this trait. With one further line it is an
/// [`Executor`](crate::Executor) for typed jobs: [`Executor::encoded`](crate::Executor::encoded).
///
/// # Examples
/// An executor that runs every job at once, on the caller's thread:
/// ```
/// use std::sync::Arc;
/// use executors::{EncodedExecutor, EncodedJob, Error, Executor, Job, Owner};
///
/// struct AtOnce;
///
/// impl EncodedExecutor for AtOnce {
///     fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error> {
///         if job.start() {
///             // The payload could also be sent to another machine, with the name, the version
///             // and the fingerprint of its type, and run there.
///             let results = job.job_type().run_encoded(job.payload(), job.count(), 1 << 20);
///             job.finish(Ok(&results));
///         }
///         Ok(Arc::new(()))
///     }
///     fn workers(&self) -> usize { 1 }
///     fn pending(&self) -> usize { 0 }
///     fn shutdown(&self, _wait: bool, _cancel_pending: bool) -> Result<(), Error> { Ok(()) }
/// }
///
/// impl Executor for AtOnce {
///     fn encoded(&self) -> &dyn EncodedExecutor { self }
/// }
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u64);
/// # impl Job for Square { type Output = u64; fn run(self) -> u64 { self.0 * self.0 } }
///
/// assert_eq!(AtOnce.submit(Square(12))?.result(), Ok(144));
/// let chosen_at_run_time: Box<dyn EncodedExecutor> = Box::new(AtOnce);
/// assert_eq!(chosen_at_run_time.map((1..=3).map(Square)).sum::<Result<u64, _>>(), Ok(14));
/// # Ok::<(), Error>(())
/// ```
pub trait EncodedExecutor: Send + Sync {
    /// Takes a job, or a chunk of jobs. The job's future uses the returned owner to cancel it.
    ///
    /// # Errors
    /// As [`Executor::submit_with`](crate::Executor::submit_with).
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error>;

    /// The maximum size of an encoded job or chunk, or of its results, in bytes. The default is
    /// [`DEFAULT_FRAME_LIMIT`](crate::DEFAULT_FRAME_LIMIT).
    fn size_limit(&self) -> usize {
        crate::DEFAULT_FRAME_LIMIT
    }

    /// Whether jobs are read back and compared before they are submitted; see [`Job`].
    fn checks_jobs(&self) -> bool {
        true
    }

    /// How many jobs may run at the same time, if it is known.
    fn workers(&self) -> usize;

    /// How many chunks [`map`](crate::Executor::map) keeps under way by default: two for each
    /// worker. An executor that does not know its number of workers returns another value.
    fn look_ahead(&self) -> usize {
        self.workers().saturating_mul(map::AHEAD)
    }

    /// How many jobs wait for their start, if it is known.
    fn pending(&self) -> usize;

    /// The counters so far; zeros if the executor does not count.
    fn counters(&self) -> Counters {
        Counters::default()
    }

    /// Like [`Executor::shutdown`](crate::Executor::shutdown).
    ///
    /// # Errors
    /// As [`Executor::shutdown`](crate::Executor::shutdown).
    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error>;
}

/// An encoded job, or a chunk of encoded jobs of one type. Its holder must finish its future.
///
/// If it is dropped before it is finished, the future ends with [`Error::Lost`].
#[must_use = "a job that is dropped is lost"]
pub struct EncodedJob {
    job: JobType,
    count: u32,
    /// The payload, with free space before it.
    pub(crate) bytes: Vec<u8>,
    options: Options,
    completion: Option<Box<dyn Completion>>,
}

/// The operations of an encoded job on its future (or futures), independent of their type.
pub(crate) trait Completion: Send + Sync {
    /// Claims the job for a worker. False if it was cancelled.
    fn start(&self) -> bool;
    /// Takes the claim back.
    fn requeue(&self);
    fn is_pending(&self) -> bool;
    /// Ends a claimed job.
    fn finish(&self, answer: Answer<'_>);
    /// Ends a job that was not started. False if it was started.
    fn refuse(&self, error: Error) -> bool;
}

impl EncodedJob {
    /// The type of the jobs.
    pub fn job_type(&self) -> &JobType {
        &self.job
    }

    /// The number of jobs.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The jobs as bytes, for [`JobType::run_encoded`].
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEADROOM..).unwrap_or_default()
    }

    /// Takes the jobs' bytes, for an executor that has sent them and does not need them any more.
    pub fn take_payload(&mut self) -> Vec<u8> {
        let mut bytes = self.take_bytes();
        bytes.drain(..HEADROOM.min(bytes.len()));
        bytes
    }

    /// The options of the jobs.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether the job is still pending: not started, and not cancelled.
    pub fn is_pending(&self) -> bool {
        self.completion().is_some_and(Completion::is_pending)
    }

    /// Claims the job: its future is running from now on, and can't be cancelled. False if it was
    /// cancelled before.
    pub fn start(&self) -> bool {
        self.completion().is_some_and(Completion::start)
    }

    /// Undoes [`start`](EncodedJob::start): the job is pending again, and may be cancelled.
    pub fn requeue(&self) {
        if let Some(completion) = self.completion() {
            completion.requeue();
        }
    }

    /// Finishes a started job: with the results of [`JobType::run_encoded`], which may have run
    /// anywhere, or with an error.
    pub fn finish(mut self, results: Result<&[u8], Error>) {
        if let Some(completion) = self.completion.take() {
            completion.finish(results.map_or_else(Answer::Failed, Answer::Results));
        }
    }

    /// Like [`finish`](EncodedJob::finish), with the answer of [`forward`](crate::forward) from
    /// another program.
    pub fn answer(mut self, answer: &EncodedAnswer) {
        if let Some(completion) = self.completion.take() {
            completion.finish(answer.borrowed());
        }
    }

    /// Ends a job that was not started. Does nothing if it was cancelled.
    pub fn refuse(mut self, error: Error) {
        if let Some(completion) = self.completion.take() {
            completion.refuse(error);
        }
    }

    fn completion(&self) -> Option<&dyn Completion> {
        self.completion.as_deref()
    }

    /// Takes the completion: its holder then finishes the future instead of this job.
    pub(crate) fn take_completion(&mut self) -> Option<Box<dyn Completion>> {
        self.completion.take()
    }

    pub(crate) fn set_completion(&mut self, completion: Box<dyn Completion>) {
        self.completion = Some(completion);
    }

    pub(crate) fn take_bytes(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.bytes)
    }
}

impl Drop for EncodedJob {
    fn drop(&mut self) {
        let Some(completion) = self.completion.take() else {
            return;
        };
        let lost = Error::Lost {
            what: "its executor dropped it unfinished".to_owned(),
        };
        if !completion.refuse(lost.clone()) {
            completion.finish(Answer::Failed(lost));
        }
    }
}

impl fmt::Debug for EncodedJob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedJob")
            .field("job", &self.job)
            .field("count", &self.count)
            .field("bytes", &self.payload().len())
            .field("options", &self.options)
            .finish_non_exhaustive()
    }
}

/// A future of one type. `D` reads its result.
struct Typed<T, D> {
    state: Arc<State<T>>,
    read: D,
    /// Whether the job was claimed here. Otherwise it may have been claimed by a cancel.
    started: AtomicBool,
}

impl<T, D> Completion for Typed<T, D>
where
    T: Send,
    D: Fn(Answer<'_>) -> Result<T, Error> + Send + Sync,
{
    fn start(&self) -> bool {
        let started = self.state.claim();
        if started {
            self.started.store(true, Ordering::Relaxed);
        }
        started
    }

    fn requeue(&self) {
        if self.started.swap(false, Ordering::Relaxed) {
            self.state.requeue();
        }
    }

    fn is_pending(&self) -> bool {
        self.state.is_pending()
    }

    fn finish(&self, answer: Answer<'_>) {
        if self.started.swap(false, Ordering::Relaxed) {
            self.state.finish((self.read)(answer));
        }
    }

    fn refuse(&self, error: Error) -> bool {
        self.state.refuse(error, || ())
    }
}

/// Submits an encoded job with free space before it. `read` reads the future's result.
pub(crate) fn hand_in<T: Send + 'static>(
    executor: &dyn EncodedExecutor,
    (job, count, bytes): (JobType, u32, Vec<u8>),
    options: &Options,
    read: impl Fn(Answer<'_>) -> Result<T, Error> + Send + Sync + 'static,
) -> Result<Future<T>, Error> {
    let state = Arc::new(State::default());
    let completion = Typed {
        state: Arc::clone(&state),
        started: AtomicBool::new(false),
        read,
    };
    let owner = executor.submit_encoded(EncodedJob {
        job,
        count,
        bytes,
        options: options.clone(),
        completion: Some(Box::new(completion)),
    })?;
    Ok(Future::new(state, owner))
}

/// Encodes and submits jobs. `read` reads the future's result.
fn submit<J: Job, T: Send + 'static>(
    executor: &dyn EncodedExecutor,
    jobs: &[J],
    options: &Options,
    read: impl Fn(Answer<'_>, u32, usize) -> Result<T, Error> + Send + Sync + 'static,
) -> Result<Future<T>, Error> {
    let limit = executor.size_limit();
    let bytes = codec::write_jobs(jobs, limit, executor.checks_jobs())?;
    // Each job takes at least four bytes, and a payload is shorter than 4 GiB.
    let count = jobs.len() as u32;
    hand_in(
        executor,
        (job::<J>(), count, bytes),
        options,
        move |answer| {
            // Reading runs code of the result's type. A panic there is not a panic of the job.
            crate::panics::catch(|| read(answer, count, limit))
                .unwrap_or_else(|panic| Err(codec::panicked::<J>(&panic)))
        },
    )
}

/// Submits one job.
pub(crate) fn submit_one<J: Job>(
    executor: &dyn EncodedExecutor,
    job: &J,
    options: &Options,
) -> Result<Future<J::Output>, Error> {
    let jobs = std::slice::from_ref(job);
    submit(executor, jobs, options, |answer, _, limit| {
        codec::read_one::<J>(answer, limit)
    })
}

/// Submits many jobs as one.
pub(crate) fn submit_batch<J: Job>(
    executor: &dyn EncodedExecutor,
    jobs: &[J],
    options: &Options,
) -> Result<Future<BatchOutput<J>>, Error> {
    submit(executor, jobs, options, codec::read_batch::<J>)
}
