//! The part of a thread pool that its threads and futures share: the queue, and the list of
//! threads.

use std::sync::Arc;
use std::thread::{self, JoinHandle};

use super::builder::Initializer;
use super::call::{Call, Task};
use crate::error::Error;
use crate::future::Future;
use crate::patience::Patience;
use crate::pool_id::PoolId;
use crate::promise::Owner;
use crate::queue::Queue;
use crate::state::State;
use crate::sync::{Mutex, lock};
use crate::{panics, workers};

pub(crate) struct Core {
    id: PoolId,
    pub(super) queue: Queue<Arc<dyn Task>>,
    name: String,
    initializer: Option<Arc<Initializer>>,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    /// The running threads, and those that have ended since the last resize.
    handles: Vec<JoinHandle<()>>,
    /// The number of threads started so far, which is the next thread's number.
    started: usize,
}

impl Core {
    pub(super) fn new(
        queue_limit: usize,
        name: String,
        initializer: Option<Arc<Initializer>>,
    ) -> Self {
        Self {
            id: PoolId::new(),
            queue: Queue::new(queue_limit),
            name,
            initializer,
            threads: Mutex::new(Threads::default()),
        }
    }

    pub(crate) fn id(&self) -> PoolId {
        self.id
    }

    pub(crate) fn note_cancelled(&self) {
        self.queue.note_cancelled();
    }

    /// Starts threads, or lets some end after their current job, until the number is as wanted.
    pub(super) fn resize(self: &Arc<Self>, wanted: usize) -> Result<(), Error> {
        let mut threads = lock(&self.threads);
        threads.handles.retain(|thread| !thread.is_finished());
        let missing = self.queue.want(wanted);
        for started in 0..missing {
            let name = format!("{}-{}", self.name, threads.started);
            let core = Arc::clone(self);
            let thread = thread::Builder::new().name(name.clone());
            match thread.spawn(move || core.work(workers::share(wanted))) {
                Ok(thread) => threads.handles.push(thread),
                Err(error) => {
                    self.queue.lack(missing - started);
                    return Err(Error::Spawn {
                        what: format!("thread {name}"),
                        message: error.to_string(),
                    });
                }
            }
            threads.started += 1;
        }
        Ok(())
    }

    /// The body of each thread.
    fn work(&self, share: usize) {
        self.id.adopt();
        workers::set_share_of_thread(share);
        if let Some(initializer) = &self.initializer
            && let Err(panic) = panics::catch(|| initializer())
        {
            self.break_down(format!("the initializer {panic}"));
            return;
        }
        while let Some((task, ())) = self.queue.pop(|task| task.claim().then_some(())) {
            // A job's own panics are caught with its result. This one catches a panic in `drop` of
            // a result whose future was dropped: the thread must continue.
            panics::contain(move || {
                task.run();
                drop(task);
            });
        }
    }

    /// Breaks the pool: all pending and all further jobs end with an error.
    fn break_down(&self, reason: String) {
        let broken = Error::PoolBroken { reason };
        self.queue.close(broken.clone());
        for task in self.queue.drain() {
            task.refuse(broken.clone());
        }
    }

    /// Queues a call. `closure` is created only if there is space.
    pub(crate) fn enqueue<T: Send + 'static, F: FnOnce() -> T + Send + 'static>(
        self: &Arc<Self>,
        patience: Patience,
        closure: impl FnOnce() -> F,
    ) -> Result<Future<T>, Error> {
        let state = Arc::new(State::default());
        let owner = self.push(patience, || {
            Arc::new(Call::new(Arc::clone(&state), closure(), Arc::clone(self)))
        })?;
        Ok(Future::new(state, owner))
    }

    /// Queues the entry that `make` creates, which is also its future's owner.
    pub(crate) fn push<C: Task + Owner + 'static>(
        &self,
        patience: Patience,
        make: impl FnOnce() -> Arc<C>,
    ) -> Result<Arc<dyn Owner>, Error> {
        // A worker must not wait for space, because it may be the only one that could make it.
        let patience = patience.unless(self.id.is_here());
        let mut owner = None;
        self.queue.push(patience, || {
            let call = make();
            owner = Some(Arc::clone(&call));
            call
        })?;
        // `push` has called the closure, or returned an error.
        Ok(owner.ok_or(Error::ShutDown)?)
    }

    pub(crate) fn shutdown(&self, wait: bool, cancel_pending: bool) -> Result<(), Error> {
        self.queue.close(Error::ShutDown);
        if cancel_pending {
            for task in self.queue.drain() {
                task.refuse(Error::Cancelled);
            }
        }
        if !wait {
            return Ok(());
        }
        if self.id.is_here() {
            return Err(Error::Deadlock);
        }
        let threads = std::mem::take(&mut lock(&self.threads).handles);
        for thread in threads {
            // A worker catches every panic, so `join` does not fail.
            let _ = thread.join();
        }
        Ok(())
    }
}
