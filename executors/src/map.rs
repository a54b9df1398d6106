//! `map`: the results of a lazy, bounded stream of jobs.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::iter::FusedIterator;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::error::Error;
use crate::future::Future;
use crate::gate::Gate;

type Batch<T> = Future<Vec<Result<T, Error>>>;
type Submit<'p, I, T> = Box<dyn FnMut(Vec<I>) -> Result<Batch<T>, Error> + 'p>;

/// Chunks under way for each worker when nothing else is asked for: the one it works on, and one to go
/// on with. More would only be memory.
const AHEAD: usize = 2;

/// The results of [`Executor::map`](crate::Executor::map): an iterator of `Result`s.
///
/// Set it up before the first `next`.
#[must_use = "iterators are lazy: nothing is submitted until it is asked for a result"]
pub struct Map<'p, I: Iterator, T> {
    jobs: I,
    submit: Submit<'p, I::Item, T>,
    chunk: usize,
    buffer: Option<usize>,
    workers: usize,
    timeout: Option<Duration>,
    deadline: Option<Instant>,
    under_way: UnderWay<T>,
    ready: VecDeque<Result<T, Error>>,
    /// The jobs are used up, or there is no point in asking for more.
    dry: bool,
}

/// Some jobs, sent together; or refused together.
struct Chunk<T> {
    jobs: usize,
    fate: Result<Batch<T>, Error>,
}

/// The chunks submitted and not yet yielded: as a queue, or as a set.
enum UnderWay<T> {
    Ordered(VecDeque<Chunk<T>>),
    Unordered {
        chunks: HashMap<usize, Chunk<T>>,
        next_key: usize,
        gate: Arc<Gate>,
    },
}

impl<'p, I: Iterator, T> Map<'p, I, T> {
    pub(crate) fn new(
        jobs: I,
        workers: usize,
        unordered: bool,
        submit: impl FnMut(Vec<I::Item>) -> Result<Batch<T>, Error> + 'p,
    ) -> Self {
        let under_way = if unordered {
            UnderWay::Unordered {
                chunks: HashMap::new(),
                next_key: 0,
                gate: Arc::default(),
            }
        } else {
            UnderWay::Ordered(VecDeque::new())
        };
        Self {
            jobs,
            submit: Box::new(submit),
            chunk: 1,
            buffer: None,
            workers,
            timeout: None,
            deadline: None,
            under_way,
            ready: VecDeque::new(),
            dry: false,
        }
    }

    /// How many jobs may be submitted ahead of the results taken: at least one chunk, and two
    /// chunks for each worker unless said otherwise. Less than a chunk counts as one chunk.
    pub fn buffer(mut self, jobs: usize) -> Self {
        self.buffer = Some(jobs);
        self
    }

    /// How many jobs to send to a worker at a time: 1 unless said otherwise. Choose it so that a
    /// chunk takes a millisecond or so: the cost of a round trip is then lost in the work. If a
    /// worker process dies, all jobs of its chunk share its fate.
    pub fn chunk(mut self, jobs: usize) -> Self {
        self.chunk = jobs.max(1);
        self
    }

    /// How long the whole of it may take, from the first `next` on. When the time is up, one
    /// [`Error::TimedOut`] is yielded, what has not started is cancelled, and the iterator ends.
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

    /// Submits until the buffer is full.
    fn fill(&mut self) {
        let chunks = match self.buffer {
            Some(jobs) => (jobs / self.chunk).max(1),
            None => self.workers.saturating_mul(AHEAD),
        };
        // The results in `ready` are one chunk that has not been taken yet.
        while !self.dry && self.under_way.len() + usize::from(!self.ready.is_empty()) < chunks {
            let batch: Vec<_> = self.jobs.by_ref().take(self.chunk).collect();
            let jobs = batch.len();
            self.dry = jobs < self.chunk;
            if jobs == 0 {
                return;
            }
            let fate = (self.submit)(batch);
            // One job too many bytes says nothing about the next; any other refusal is for good.
            self.dry |= !matches!(
                fate,
                Ok(_) | Err(Error::TooLarge { .. } | Error::Codec { .. })
            );
            self.under_way.push(Chunk { jobs, fate });
        }
    }
}

impl<T> UnderWay<T> {
    fn len(&self) -> usize {
        match self {
            UnderWay::Ordered(chunks) => chunks.len(),
            UnderWay::Unordered { chunks, .. } => chunks.len(),
        }
    }

    fn push(&mut self, chunk: Chunk<T>) {
        match self {
            UnderWay::Ordered(chunks) => chunks.push_back(chunk),
            UnderWay::Unordered {
                chunks,
                next_key,
                gate,
            } => {
                match &chunk.fate {
                    Ok(batch) => batch.watch(*next_key, gate),
                    Err(_) => gate.arrive(*next_key, true),
                }
                chunks.insert(*next_key, chunk);
                *next_key = next_key.wrapping_add(1);
            }
        }
    }

    /// Takes out the chunk to be yielded next: it may have to be waited for. `Err` when the time
    /// is up, `Ok(None)` when there is none.
    fn next(&mut self, deadline: Option<Instant>) -> Result<Option<Chunk<T>>, ()> {
        match self {
            UnderWay::Ordered(chunks) => Ok(chunks.pop_front()),
            UnderWay::Unordered { chunks, .. } if chunks.is_empty() => Ok(None),
            UnderWay::Unordered { chunks, gate, .. } => {
                if gate.is_empty() {
                    // Waiting for one that may not be waited for: let it say so itself.
                    let stuck = chunks.iter().find_map(|(&key, chunk)| match &chunk.fate {
                        Ok(batch) => batch.check_deadlock().is_err().then_some(key),
                        Err(_) => None,
                    });
                    if let Some(key) = stuck {
                        return Ok(chunks.remove(&key));
                    }
                }
                let arrival = gate.next(deadline).ok_or(())?;
                Ok(chunks.remove(&arrival.index))
            }
        }
    }

    fn cancel(&mut self) {
        let chunks: Vec<_> = match self {
            UnderWay::Ordered(chunks) => chunks.drain(..).collect(),
            UnderWay::Unordered { chunks, .. } => chunks.drain().map(|(_, chunk)| chunk).collect(),
        };
        for batch in chunks.iter().filter_map(|chunk| chunk.fate.as_ref().ok()) {
            batch.cancel();
        }
    }
}

impl<T> Chunk<T> {
    /// The results of its jobs, one for each whatever happened; `Err` when the time is up.
    fn results(self, deadline: Option<Instant>) -> Result<Vec<Result<T, Error>>, ()> {
        let result = match (self.fate, deadline) {
            (Err(refused), _) => Err(refused),
            (Ok(batch), None) => batch.result(),
            (Ok(mut batch), Some(deadline)) => {
                let left = deadline.saturating_duration_since(Instant::now());
                let result = batch.result_timeout(left);
                if matches!(result, Err(Error::TimedOut { .. })) {
                    batch.cancel();
                    return Err(());
                }
                result
            }
        };
        Ok(result.unwrap_or_else(|error| (0..self.jobs).map(|_| Err(error.clone())).collect()))
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
        self.fill();
        let chunk = self.under_way.next(self.deadline);
        let results = match chunk {
            Ok(None) => return None,
            Ok(Some(chunk)) => chunk.results(self.deadline),
            Err(()) => Err(()),
        };
        match results {
            Ok(results) => self.ready.extend(results),
            Err(()) => {
                self.dry = true;
                self.under_way.cancel();
                return Some(Err(Error::TimedOut {
                    after: self.timeout.unwrap_or_default(),
                }));
            }
        }
        let first = self.ready.pop_front();
        // The workers go on while the caller looks at these.
        self.fill();
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
