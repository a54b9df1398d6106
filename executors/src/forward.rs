//! Jobs that another program has encoded: an agent on another machine receives them, and sends the
//! results back.

use crate::codec::{self, Answer, HEADROOM};
use crate::encoded::{self, EncodedExecutor};
use crate::error::Error;
use crate::future::Future;
use crate::job::{Job, JobType};
use crate::options::Options;

/// The results of jobs, as bytes, for the program that has submitted them
/// ([`EncodedJob::answer`](crate::EncodedJob::answer)).
#[derive(Debug, Clone, PartialEq)]
pub enum EncodedAnswer {
    /// The results of all jobs.
    Results(Vec<u8>),
    /// The results of the first jobs of a chunk, and the error of the others.
    Partial {
        /// The results so far.
        results: Vec<u8>,
        /// The number of finished jobs.
        done: u32,
        /// The error of the others.
        error: Error,
    },
    /// The results are larger than the executor's limit. The value is their size in bytes.
    TooLarge(usize),
    /// There are no results.
    Failed(Error),
}

impl EncodedAnswer {
    fn owned(answer: Answer<'_>) -> Self {
        match answer {
            Answer::Results(results) => Self::Results(results.to_vec()),
            Answer::Partial {
                results,
                done,
                error,
            } => Self::Partial {
                results: results.to_vec(),
                done,
                error,
            },
            Answer::TooLarge(size) => Self::TooLarge(size),
            Answer::Failed(error) => Self::Failed(error),
        }
    }

    pub(crate) fn borrowed(&self) -> Answer<'_> {
        match self {
            Self::Results(results) => Answer::Results(results),
            Self::Partial {
                results,
                done,
                error,
            } => Answer::Partial {
                results,
                done: *done,
                error: error.clone(),
            },
            Self::TooLarge(size) => Answer::TooLarge(*size),
            Self::Failed(error) => Answer::Failed(error.clone()),
        }
    }

    /// Reads the results of `count` jobs of type `J`. (A single job is a chunk of one.) `limit` is
    /// named in the error for results that were too large.
    ///
    /// # Errors
    /// The error of all jobs, if there are no results; [`Error::Codec`] if the bytes are not
    /// results of such jobs.
    pub fn read<J: Job>(
        &self,
        count: u32,
        limit: usize,
    ) -> Result<Vec<Result<J::Output, Error>>, Error> {
        crate::panics::catch(|| codec::read_batch::<J>(self.borrowed(), count, limit))
            .unwrap_or_else(|panic| Err(codec::panicked::<J>(&panic)))
    }
}

/// Submits `count` jobs of one type that another program has encoded
/// ([`EncodedJob::payload`](crate::EncodedJob::payload)). Their results are not read here, but by
/// that program. The future's result is `Err` only if the job was cancelled or lost here.
///
/// # Errors
/// As [`Executor::submit_with`](crate::Executor::submit_with).
///
/// # Examples
/// ```
/// use executors::{EncodedAnswer, Error, Executor, Job, Options, ThreadPool, forward, job};
/// # #[derive(serde::Serialize, serde::Deserialize)] struct Square(u8);
/// # impl Job for Square { type Output = u8; fn run(self) -> u8 { self.0 * self.0 } }
///
/// let pool = ThreadPool::new(1)?;
/// // One job, of one byte.
/// let payload = [1, 0, 0, 0, 12];
/// let future = forward(pool.encoded(), (job::<Square>(), 1, &payload), &Options::new())?;
/// let answer = future.result()?;
/// assert!(matches!(answer, EncodedAnswer::Results(_)));
/// assert_eq!(answer.read::<Square>(1, 1000)?, [Ok(144)]);
/// # Ok::<(), Error>(())
/// ```
pub fn forward(
    executor: &dyn EncodedExecutor,
    (job, count, payload): (JobType, u32, &[u8]),
    options: &Options,
) -> Result<Future<EncodedAnswer>, Error> {
    let mut bytes = Vec::with_capacity(HEADROOM + payload.len());
    bytes.resize(HEADROOM, 0);
    bytes.extend_from_slice(payload);
    encoded::hand_in(executor, (job, count, bytes), options, |answer| {
        Ok(EncodedAnswer::owned(answer))
    })
}
