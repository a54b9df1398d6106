//! Jobs that have been written down, and executors that take them: the object-safe form of
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

/// Runs jobs that have been written down. It can be a trait object: [`Executor`](crate::Executor)
/// is implemented for `dyn EncodedExecutor`, and so for `Arc<dyn EncodedExecutor>` and the like.
///
/// This is what a new executor implements. It gets the typed half for one more line:
/// [`Executor::encoded`](crate::Executor::encoded).
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
///             // The payload could as well be sent to another machine, with the name, the version
///             // and the fingerprint of its type, and be run there.
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
    /// Takes a job, or a chunk of jobs. What is returned is what the job's future will ask to have
    /// it cancelled.
    ///
    /// # Errors
    /// As [`Executor::submit_with`](crate::Executor::submit_with).
    fn submit_encoded(&self, job: EncodedJob) -> Result<Arc<dyn Owner>, Error>;

    /// How many bytes an encoded job or chunk, or its results, may take:
    /// [`DEFAULT_FRAME_LIMIT`](crate::DEFAULT_FRAME_LIMIT) unless said otherwise.
    fn size_limit(&self) -> usize {
        crate::DEFAULT_FRAME_LIMIT
    }

    /// Whether jobs are read back and compared before they are handed in; see [`Job`].
    fn checks_jobs(&self) -> bool {
        true
    }

    /// How many jobs may run at the same time, as far as that is known.
    fn workers(&self) -> usize;

    /// How many chunks [`map`](crate::Executor::map) keeps under way unless it is told: two for
    /// each worker. An executor that does not know its workers says something else.
    fn look_ahead(&self) -> usize {
        self.workers().saturating_mul(map::AHEAD)
    }

    /// How many jobs wait to be started, as far as that is known.
    fn pending(&self) -> usize;

    /// What has been done so far; zeros where it is not counted.
    fn counters(&self) -> Counters {
        Counters::default()
    }

    /// As [`Executor::shutdown`](crate::Executor::shutdown).
    ///
    /// # Errors
    /// As there.
    fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error>;
}

/// A job, or a chunk of jobs of one type, that has been written down; and the duty to finish its
/// future.
///
/// Dropped before it is finished, it ends the future with [`Error::Lost`].
#[must_use = "a job that is dropped is lost"]
pub struct EncodedJob {
    job: JobType,
    count: u32,
    /// The payload, with room before it.
    pub(crate) bytes: Vec<u8>,
    options: Options,
    completion: Option<Box<dyn Completion>>,
}

/// What an encoded job does to its future (or futures), whatever their type.
pub(crate) trait Completion: Send + Sync {
    /// Claims it for a worker; false if it has been cancelled.
    fn start(&self) -> bool;
    /// Takes the claim back.
    fn requeue(&self);
    fn is_pending(&self) -> bool;
    /// Ends it, once claimed.
    fn finish(&self, answer: Answer<'_>);
    /// Ends it before it was started; false if it has been.
    fn refuse(&self, error: Error) -> bool;
}

impl EncodedJob {
    /// The type of the jobs.
    pub fn job_type(&self) -> &JobType {
        &self.job
    }

    /// How many jobs there are.
    pub fn count(&self) -> u32 {
        self.count
    }

    /// The jobs as bytes, for [`JobType::run_encoded`].
    pub fn payload(&self) -> &[u8] {
        self.bytes.get(HEADROOM..).unwrap_or_default()
    }

    /// Takes the jobs' bytes, for an executor that has sent them on and needs them no more.
    pub fn take_payload(&mut self) -> Vec<u8> {
        let mut bytes = self.take_bytes();
        bytes.drain(..HEADROOM.min(bytes.len()));
        bytes
    }

    /// How they are to be run.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Whether it still waits: false once it is started or cancelled.
    pub fn is_pending(&self) -> bool {
        self.completion().is_some_and(Completion::is_pending)
    }

    /// Claims the job: from now on its future is running, and can't be cancelled any more. False if
    /// it was cancelled before.
    pub fn start(&self) -> bool {
        self.completion().is_some_and(Completion::start)
    }

    /// Takes [`start`](EncodedJob::start) back: the job waits again, and may be cancelled.
    pub fn requeue(&self) {
        if let Some(completion) = self.completion() {
            completion.requeue();
        }
    }

    /// Finishes a job that was started: with the results that [`JobType::run_encoded`] returned,
    /// wherever that was, or with an error.
    pub fn finish(mut self, results: Result<&[u8], Error>) {
        if let Some(completion) = self.completion.take() {
            completion.finish(results.map_or_else(Answer::Failed, Answer::Results));
        }
    }

    /// As [`finish`](EncodedJob::finish), with what [`forward`](crate::forward) came to elsewhere.
    pub fn answer(mut self, answer: &EncodedAnswer) {
        if let Some(completion) = self.completion.take() {
            completion.finish(answer.borrowed());
        }
    }

    /// Ends a job that has not been started. (If it has been cancelled, nothing is done.)
    pub fn refuse(mut self, error: Error) {
        if let Some(completion) = self.completion.take() {
            completion.refuse(error);
        }
    }

    fn completion(&self) -> Option<&dyn Completion> {
        self.completion.as_deref()
    }

    /// Whoever holds it finishes the future; the job itself does not any more.
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
            what: "its executor let go of it unfinished".to_owned(),
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

/// A future of one type, whose result `D` reads.
struct Typed<T, D> {
    state: Arc<State<T>>,
    read: D,
    /// Whether it was claimed here, and not by whoever cancels it.
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

/// Hands in what has been written down already, with room before it; the future's result is read by
/// `read`.
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

/// Writes jobs down and hands them in; the future's result is read by `read`.
fn submit<J: Job, T: Send + 'static>(
    executor: &dyn EncodedExecutor,
    jobs: &[J],
    options: &Options,
    read: impl Fn(Answer<'_>, u32, usize) -> Result<T, Error> + Send + Sync + 'static,
) -> Result<Future<T>, Error> {
    let limit = executor.size_limit();
    let bytes = codec::write_jobs(jobs, limit, executor.checks_jobs())?;
    // Each job takes four bytes at least, and a payload is shorter than 4 GiB.
    let count = jobs.len() as u32;
    hand_in(
        executor,
        (job::<J>(), count, bytes),
        options,
        move |answer| {
            // Reading runs code of the result's type. A panic there is not the job's.
            crate::panics::catch(|| read(answer, count, limit))
                .unwrap_or_else(|panic| Err(codec::panicked::<J>(&panic)))
        },
    )
}

/// Hands in one job.
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

/// Hands in many jobs as one.
pub(crate) fn submit_batch<J: Job>(
    executor: &dyn EncodedExecutor,
    jobs: &[J],
    options: &Options,
) -> Result<Future<BatchOutput<J>>, Error> {
    submit(executor, jobs, options, codec::read_batch::<J>)
}
