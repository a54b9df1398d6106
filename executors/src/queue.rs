//! The thread pool's queue: bounded, first in first out, with many producers and many consumers.

use crate::backlog::{Backlog, Pending};
use crate::error::Error;
use crate::patience::Patience;
use crate::sync::atomic::{AtomicUsize, Ordering};
use crate::sync::{Condvar, Mutex, lock, spin_until, wait, wait_until};

struct Inner<E> {
    backlog: Backlog<E>,
    /// The reason why no more entries are accepted.
    closed: Option<Error>,
    /// The numbers of consumers that sleep on `not_empty`, and of producers that sleep on `not_full`. If
    /// none sleeps, no system call is needed to wake them.
    idle: usize,
    blocked: usize,
    /// Whether a consumer is spinning on `news`. Only one may: it takes the next entry without a
    /// wake-up, and a second one would only take CPU time from the producer.
    spinning: bool,
    /// The number of consumers, and the wanted number. Surplus consumers end.
    consumers: usize,
    wanted: usize,
    counted: Counted,
}

/// The number of entries so far.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Counted {
    pub(crate) submitted: u64,
    pub(crate) started: u64,
    pub(crate) cancelled: u64,
}

pub(crate) struct Queue<E> {
    inner: Mutex<Inner<E>>,
    not_empty: Condvar,
    not_full: Condvar,
    /// Changes whenever a consumer should check the queue. An idle consumer watches it before it
    /// sleeps.
    news: AtomicUsize,
}

impl<E: Pending> Queue<E> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            inner: Mutex::new(Inner {
                backlog: Backlog::new(limit),
                closed: None,
                idle: 0,
                blocked: 0,
                spinning: false,
                consumers: 0,
                wanted: 0,
                counted: Counted::default(),
            }),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
            news: AtomicUsize::new(0),
        }
    }

    /// Appends the entry that `make` creates. If the queue is full, it waits for space as long as
    /// `patience` allows.
    ///
    /// `make` is not called if the result is an error, so the caller still has the job.
    pub(crate) fn push(&self, patience: Patience, make: impl FnOnce() -> E) -> Result<(), Error> {
        let mut inner = lock(&self.inner);
        loop {
            if let Some(reason) = &inner.closed {
                return Err(reason.clone());
            }
            if !inner.backlog.is_full() {
                break;
            }
            let full = Error::QueueFull {
                limit: inner.backlog.limit(),
            };
            let deadline = patience.deadline().ok_or_else(|| full.clone())?;
            inner.blocked += 1;
            let guard = wait_until(&self.not_full, inner, deadline);
            let timed_out = guard.is_none();
            inner = guard.unwrap_or_else(|| lock(&self.inner));
            inner.blocked -= 1;
            if timed_out && inner.backlog.is_full() {
                return Err(full);
            }
        }
        inner.counted.submitted += 1;
        inner.backlog.push(make());
        let wake = inner.idle > 0 && inner.backlog.len() > usize::from(inner.spinning);
        drop(inner);
        // After the lock is released, because a spinning consumer would block on it. A consumer
        // checks the backlog again before it sleeps, so it does not depend on this.
        self.news.fetch_add(1, Ordering::Release);
        if wake {
            self.not_empty.notify_one();
        }
        Ok(())
    }

    /// Sets the wanted number of consumers, and returns how many must be added.
    pub(crate) fn want(&self, wanted: usize) -> usize {
        let mut inner = lock(&self.inner);
        inner.wanted = wanted;
        let missing = wanted.saturating_sub(inner.consumers);
        inner.consumers += missing;
        self.news.fetch_add(1, Ordering::Release);
        drop(inner);
        self.not_empty.notify_all();
        missing
    }

    /// Some of the consumers could not be added.
    pub(crate) fn lack(&self, missing: usize) {
        let mut inner = lock(&self.inner);
        inner.consumers -= missing;
        inner.wanted = inner.consumers;
    }

    pub(crate) fn wanted(&self) -> usize {
        lock(&self.inner).wanted
    }

    pub(crate) fn counted(&self) -> Counted {
        lock(&self.inner).counted
    }

    /// Waits for the next entry that `start` accepts; `None` if the queue is closed and empty, or
    /// if this consumer is surplus.
    pub(crate) fn pop<S>(&self, mut start: impl FnMut(&E) -> Option<S>) -> Option<(E, S)> {
        let mut spun = false;
        let mut inner = lock(&self.inner);
        loop {
            if inner.consumers > inner.wanted {
                inner.consumers -= 1;
                return None;
            }
            if let Some(popped) = inner.backlog.pop(&mut start) {
                inner.counted.started += 1;
                let blocked = inner.blocked > 0;
                drop(inner);
                if blocked {
                    self.not_full.notify_one();
                }
                return Some(popped);
            }
            if inner.closed.is_some() {
                inner.consumers = inner.consumers.saturating_sub(1);
                return None;
            }
            if spun || inner.spinning {
                inner.idle += 1;
                inner = wait(&self.not_empty, inner);
                inner.idle -= 1;
            } else {
                let seen = self.news.load(Ordering::Relaxed);
                inner.spinning = true;
                drop(inner);
                spun = !spin_until(|| self.news.load(Ordering::Acquire) != seen);
                inner = lock(&self.inner);
                inner.spinning = false;
            }
        }
    }

    /// A pending entry was cancelled, so there may be space.
    pub(crate) fn note_cancelled(&self) {
        let mut inner = lock(&self.inner);
        inner.backlog.note_cancelled();
        inner.counted.cancelled += 1;
        let blocked = inner.blocked > 0;
        drop(inner);
        if blocked {
            self.not_full.notify_one();
        }
    }

    /// Closes the queue with `reason`. Entries in the queue are still handed out.
    pub(crate) fn close(&self, reason: Error) {
        let mut inner = lock(&self.inner);
        inner.closed.get_or_insert(reason);
        self.news.fetch_add(1, Ordering::Release);
        drop(inner);
        self.not_empty.notify_all();
        self.not_full.notify_all();
    }

    /// Removes all pending entries.
    pub(crate) fn drain(&self) -> impl IntoIterator<Item = E> + use<E> {
        let mut inner = lock(&self.inner);
        let entries = inner.backlog.drain();
        inner.counted.cancelled += entries.len() as u64;
        drop(inner);
        self.not_full.notify_all();
        entries
    }

    /// The number of pending jobs.
    pub(crate) fn len(&self) -> usize {
        lock(&self.inner).backlog.len()
    }
}

#[cfg(all(test, loom))]
mod loom_models {
    use super::*;
    use loom::thread;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize as Count, Ordering::SeqCst};

    /// An entry that is never cancelled.
    struct Plain(usize);

    impl Pending for Plain {
        fn is_pending(&self) -> bool {
            true
        }
    }

    fn queue_of(limit: usize) -> Arc<Queue<Plain>> {
        let queue = Queue::new(limit);
        queue.want(2);
        Arc::new(queue)
    }

    fn take(queue: &Queue<Plain>) -> Option<usize> {
        queue.pop(|_| Some(())).map(|(entry, ())| entry.0)
    }

    #[test]
    fn a_submit_that_races_a_shutdown_is_refused_or_run() {
        loom::model(|| {
            let queue = queue_of(4);
            let ran = Arc::new(Count::new(0));
            let worker = thread::spawn({
                let (queue, ran) = (Arc::clone(&queue), Arc::clone(&ran));
                move || {
                    while take(&queue).is_some() {
                        ran.fetch_add(1, SeqCst);
                    }
                }
            });
            let submitter = thread::spawn({
                let queue = Arc::clone(&queue);
                move || queue.push(Patience::Forever, || Plain(1)).is_ok()
            });
            queue.close(Error::ShutDown);
            let accepted = submitter.join().unwrap();
            worker.join().unwrap();
            assert_eq!(ran.load(SeqCst), usize::from(accepted));
        });
    }

    #[test]
    fn a_submit_that_races_a_cancelling_shutdown_ends_exactly_once() {
        loom::model(|| {
            let queue = queue_of(4);
            let ended = Arc::new(Count::new(0));
            let worker = thread::spawn({
                let (queue, ended) = (Arc::clone(&queue), Arc::clone(&ended));
                move || {
                    while take(&queue).is_some() {
                        ended.fetch_add(1, SeqCst);
                    }
                }
            });
            let submitter = thread::spawn({
                let queue = Arc::clone(&queue);
                move || queue.push(Patience::Forever, || Plain(1)).is_ok()
            });
            queue.close(Error::ShutDown);
            ended.fetch_add(queue.drain().into_iter().count(), SeqCst);
            let accepted = submitter.join().unwrap();
            worker.join().unwrap();
            assert_eq!(ended.load(SeqCst), usize::from(accepted));
        });
    }

    #[test]
    fn a_blocked_submit_gets_the_room_a_worker_makes() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(3);
        model.check(|| {
            let queue = queue_of(1);
            let submitter = thread::spawn({
                let queue = Arc::clone(&queue);
                move || {
                    for n in 0..2 {
                        queue.push(Patience::Forever, || Plain(n)).unwrap();
                    }
                }
            });
            assert_eq!(take(&queue), Some(0));
            assert_eq!(take(&queue), Some(1));
            submitter.join().unwrap();
        });
    }

    #[test]
    fn a_blocked_submit_is_told_of_a_shutdown() {
        loom::model(|| {
            let queue = queue_of(1);
            queue.push(Patience::Forever, || Plain(0)).unwrap();
            let submitter = thread::spawn({
                let queue = Arc::clone(&queue);
                move || queue.push(Patience::Forever, || Plain(1))
            });
            queue.close(Error::ShutDown);
            assert_eq!(submitter.join().unwrap(), Err(Error::ShutDown));
            assert_eq!(take(&queue), Some(0));
            assert_eq!(take(&queue), None);
        });
    }

    #[test]
    fn two_idle_workers_share_two_jobs() {
        let mut model = loom::model::Builder::new();
        model.preemption_bound = Some(2);
        model.check(|| {
            let queue = queue_of(4);
            let workers: Vec<_> = (0..2)
                .map(|_| {
                    let queue = Arc::clone(&queue);
                    thread::spawn(move || take(&queue).unwrap())
                })
                .collect();
            queue.push(Patience::Forever, || Plain(1)).unwrap();
            queue.push(Patience::Forever, || Plain(2)).unwrap();
            let sum: usize = workers.into_iter().map(|w| w.join().unwrap()).sum();
            assert_eq!(sum, 3);
        });
    }
}
