//! `map`: the results of a lazy, bounded stream of jobs.

use std::collections::VecDeque;
use std::fmt;
use std::iter::FusedIterator;
use std::time::{Duration, Instant};

use crate::as_completed::{AsCompleted, as_completed};
use crate::error::Error;
use crate::future::Future;
use crate::patience::Patience;

type Batch<T> = Future<Vec<Result<T, Error>>>;
type Submit<'p, I, T> = Box<dyn FnMut(Vec<I>, Patience) -> Result<Batch<T>, Error> + Send + 'p>;
type Ahead<'p> = Box<dyn Fn() -> usize + Send + 'p>;

/// The default number of chunks under way per worker: one that runs, and one that is ready to run
/// next. More would only use memory.
pub(crate) const AHEAD: usize = 2;

/// The results of [`Executor::map`](crate::Executor::map): an iterator of `Result`s.
///
/// Set the options before the first `next`.
#[must_use = "iterators are lazy: nothing is submitted until it is asked for a result"]
pub struct Map<'p, I: Iterator, T> {
    jobs: I,
    submit: Submit<'p, I::Item, T>,
    chunk: usize,
    buffer: Option<usize>,
    /// The number of chunks under way, if no buffer is set.
    ahead: Ahead<'p>,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    under_way: UnderWay<T>,
    ready: VecDeque<Result<T, Error>>,
    /// There are no more jobs, or the executor refuses all further jobs.
    dry: bool,
}

/// Some jobs that were submitted together, or refused together.
struct Chunk<T> {
    jobs: usize,
    fate: Result<Batch<T>, Error>,
}

/// The submitted chunks that were not yielded yet: as a queue, or as a set.
enum UnderWay<T> {
    Ordered(VecDeque<Chunk<T>>),
    Unordered {
        chunks: AsCompleted<Vec<Result<T, Error>>>,
        /// The number of jobs of each chunk, by its index.
        jobs: Vec<usize>,
        refused: VecDeque<(usize, Error)>,
    },
}

/// The time limit is over.
struct TimeIsUp;

impl<'p, I: Iterator, T> Map<'p, I, T> {
    /// Yields the results in the order of the jobs.
    pub(crate) fn ordered(
        jobs: I,
        ahead: impl Fn() -> usize + Send + 'p,
        submit: impl FnMut(Vec<I::Item>, Patience) -> Result<Batch<T>, Error> + Send + 'p,
    ) -> Self {
        Self {
            jobs,
            submit: Box::new(submit),
            chunk: 1,
            buffer: None,
            ahead: Box::new(ahead),
            timeout: None,
            deadline: None,
            under_way: UnderWay::Ordered(VecDeque::new()),
            ready: VecDeque::new(),
            dry: false,
        }
    }

    /// Yields the results in the order in which they are ready.
    pub(crate) fn unordered(mut self) -> Self {
        self.under_way = UnderWay::Unordered {
            chunks: as_completed([]),
            jobs: Vec::new(),
            refused: VecDeque::new(),
        };
        self
    }

    /// Sets how many jobs may be submitted ahead of the yielded results, at least one chunk. The
    /// default is the executor's [`look_ahead`](crate::EncodedExecutor::look_ahead): for a pool,
    /// two chunks per worker.
    pub fn buffer(mut self, jobs: usize) -> Self {
        self.buffer = Some(jobs);
        self
    }

    /// Sets how many jobs are sent to a worker at a time. The default is 1. A good chunk takes
    /// about a millisecond: then the cost of a round trip is small. If a worker process dies, all
    /// jobs of its chunk fail.
    pub fn chunk(mut self, jobs: usize) -> Self {
        self.chunk = jobs.max(1);
        self
    }

    /// Sets a time limit for the whole iteration, from the first `next` on. After that, one
    /// [`Error::TimedOut`] is yielded, the jobs that have not started are cancelled, and the
    /// iterator ends.
    ///
    /// # Examples
    /// ```
    /// # use std::time::Duration;
    /// # fn main() -> Result<(), executors::Error> {
    /// # let pool = executors::ThreadPool::new(2)?;
    /// let doubled = pool.map_fn(0..3, |n| n * 2).timeout(Duration::from_secs(60));
    /// assert_eq!(doubled.collect::<Result<Vec<_>, _>>()?, [0, 2, 4]);
    /// # Ok(()) }
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// Submits jobs until the buffer is full, or the time limit is over.
    fn fill(&mut self) -> Result<(), TimeIsUp> {
        let chunks = match self.buffer {
            Some(jobs) => jobs / self.chunk,
            None => (self.ahead)(),
        };
        let patience = self.deadline.map_or(Patience::Forever, Patience::Until);
        // The results in `ready` belong to a chunk that was not fully yielded.
        while !self.dry
            && self.under_way.len() + usize::from(!self.ready.is_empty()) < chunks.max(1)
        {
            let batch: Vec<_> = self.jobs.by_ref().take(self.chunk).collect();
            let jobs = batch.len();
            self.dry = jobs < self.chunk;
            if jobs == 0 {
                break;
            }
            let fate = (self.submit)(batch, patience);
            if let Err(Error::QueueFull { .. }) = fate
                && self.is_late()
            {
                return Err(TimeIsUp);
            }
            // A job that is too large says nothing about the next job. Any other error ends the
            // map.
            self.dry |= !matches!(
                fate,
                Ok(_) | Err(Error::TooLarge { .. } | Error::Codec { .. })
            );
            self.under_way.push(Chunk { jobs, fate });
        }
        Ok(())
    }

    fn is_late(&self) -> bool {
        self.deadline.is_some_and(|at| at <= Instant::now())
    }

    /// Waits for the results of the next chunk; `None` if there is none.
    fn next_chunk(&mut self) -> Result<Option<Vec<Result<T, Error>>>, TimeIsUp> {
        self.fill()?;
        let timeout = self.timeout.unwrap_or_default();
        self.under_way.next(self.deadline, timeout)
    }
}

impl<T> UnderWay<T> {
    fn len(&self) -> usize {
        match self {
            UnderWay::Ordered(chunks) => chunks.len(),
            UnderWay::Unordered {
                chunks, refused, ..
            } => chunks.len() + refused.len(),
        }
    }

    fn push(&mut self, chunk: Chunk<T>) {
        match self {
            UnderWay::Ordered(chunks) => chunks.push_back(chunk),
            UnderWay::Unordered {
                chunks,
                jobs,
                refused,
            } => match chunk.fate {
                Ok(batch) => {
                    let place = chunks.push(batch);
                    jobs.resize(jobs.len().max(place + 1), 0);
                    jobs[place] = chunk.jobs;
                }
                Err(error) => refused.push_back((chunk.jobs, error)),
            },
        }
    }

    /// Waits for the results of the chunk that is yielded next: one for each of its jobs, even
    /// after an error. `None` if there is no chunk.
    fn next(
        &mut self,
        deadline: Option<Instant>,
        timeout: Duration,
    ) -> Result<Option<Vec<Result<T, Error>>>, TimeIsUp> {
        let (jobs, result) = match self {
            UnderWay::Ordered(chunks) => match chunks.pop_front() {
                None => return Ok(None),
                Some(chunk) => (chunk.jobs, chunk.result(deadline)),
            },
            UnderWay::Unordered {
                chunks,
                jobs,
                refused,
            } => match refused.pop_front() {
                Some((jobs, error)) => (jobs, Err(error)),
                None => {
                    if deadline.is_some() {
                        chunks.set_deadline(deadline, timeout);
                    }
                    match chunks.next() {
                        None => return Ok(None),
                        Some((place, result)) => (jobs[place], result),
                    }
                }
            },
        };
        match result {
            Err(Error::TimedOut { .. }) => Err(TimeIsUp),
            Ok(results) => Ok(Some(results)),
            Err(error) => Ok(Some((0..jobs).map(|_| Err(error.clone())).collect())),
        }
    }

    fn cancel(&mut self) {
        match self {
            UnderWay::Ordered(chunks) => {
                for batch in chunks.drain(..).filter_map(|chunk| chunk.fate.ok()) {
                    batch.cancel();
                }
            }
            UnderWay::Unordered {
                chunks, refused, ..
            } => {
                chunks.cancel();
                refused.clear();
            }
        }
    }
}

impl<T> Chunk<T> {
    fn result(self, deadline: Option<Instant>) -> Result<Vec<Result<T, Error>>, Error> {
        let mut batch = self.fate?;
        let Some(deadline) = deadline else {
            return batch.result();
        };
        let left = deadline.saturating_duration_since(Instant::now());
        let result = batch.result_timeout(left);
        if matches!(result, Err(Error::TimedOut { .. })) {
            batch.cancel();
        }
        result
    }
}

impl<I: Iterator, T> Iterator for Map<'_, I, T> {
    type Item = Result<T, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if let Some(result) = self.ready.pop_front() {
            return Some(result);
        }
        if let Some(timeout) = self.timeout
            && self.deadline.is_none()
        {
            self.deadline = Instant::now().checked_add(timeout);
        }
        match self.next_chunk() {
            Ok(None) => return None,
            // The buffer is empty, so nothing is copied.
            Ok(Some(results)) => self.ready = results.into(),
            Err(TimeIsUp) => {
                self.dry = true;
                self.under_way.cancel();
                return Some(Err(Error::TimedOut {
                    after: self.timeout.unwrap_or_default(),
                }));
            }
        }
        let first = self.ready.pop_front();
        // The workers continue while the caller uses these results. If the time limit is over, the
        // next call reports it.
        let _ = self.fill();
        first
    }
}

impl<I: Iterator, T> FusedIterator for Map<'_, I, T> {}

impl<I: Iterator, T> Drop for Map<'_, I, T> {
    fn drop(&mut self) {
        self.under_way.cancel();
    }
}

impl<I: Iterator, T> fmt::Debug for Map<'_, I, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Map")
            .field("chunk", &self.chunk)
            .field("buffer", &self.buffer)
            .field("timeout", &self.timeout)
            .field("under_way", &self.under_way.len())
            .finish_non_exhaustive()
    }
}
