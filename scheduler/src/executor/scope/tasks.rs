//! The tasks of a scope, and the queue of its ready tasks.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Wake, Waker};

type Task<'env> = Pin<Box<dyn Future<Output = ()> + 'env>>;

#[derive(Default)]
pub(super) struct Tasks<'env> {
    running: RefCell<BTreeMap<u64, (Task<'env>, Arc<TaskWaker>)>>,
    fresh: RefCell<VecDeque<Task<'env>>>,
    spawned: Cell<u64>,
    ended: Cell<bool>,
    cancelled: Cell<bool>,
    pub(super) ready: Arc<Ready>,
}

/// Drops the tasks with the scope.
pub(super) struct Owner<'a, 'env>(pub(super) &'a Tasks<'env>);

impl Drop for Owner<'_, '_> {
    fn drop(&mut self) {
        self.0.ended.set(true);
        self.0.drop_all();
    }
}

impl<'env> Tasks<'env> {
    pub(super) fn add(&self, task: Task<'env>) {
        if self.ended.get() {
            return;
        }
        self.fresh.borrow_mut().push_back(task);
        self.ready.wake();
    }

    pub(super) fn is_empty(&self) -> bool {
        self.running.borrow().is_empty() && self.fresh.borrow().is_empty()
    }

    /// Drops all present tasks when the scope is polled next, because one of them may be running.
    pub(super) fn cancel(&self) {
        self.cancelled.set(true);
        self.ready.wake();
    }

    fn drop_all(&self) {
        // Taken out of the cells first: destructors may spawn.
        drop(self.running.take());
        drop(self.fresh.take());
    }

    /// Polls the ready tasks. A task that becomes ready meanwhile has its turn at the next poll.
    pub(super) fn poll(&self) {
        if self.cancelled.take() {
            self.drop_all();
        }
        for task in self.fresh.take() {
            let number = self.spawned.get();
            self.spawned.set(number + 1);
            let waker = Arc::new(TaskWaker {
                number,
                queued: AtomicBool::new(true),
                ready: Arc::clone(&self.ready),
            });
            self.ready.lock().0.push_back(number);
            self.running.borrow_mut().insert(number, (task, waker));
        }
        for number in self.ready.take() {
            // Taken out of the map while it runs, because it may use the map.
            let found = self.running.borrow_mut().remove(&number);
            let Some((mut task, waker)) = found else {
                continue;
            };
            // Before the poll: a wake-up that comes during the poll counts.
            waker.queued.store(false, Ordering::Release);
            let handed_out = Waker::from(Arc::clone(&waker));
            let polled = task.as_mut().poll(&mut Context::from_waker(&handed_out));
            if polled.is_pending() {
                self.running.borrow_mut().insert(number, (task, waker));
            }
        }
        if !self.fresh.borrow().is_empty() {
            self.ready.wake();
        }
    }
}

/// The queue of ready tasks. Wakers on any thread append to it.
#[derive(Default)]
pub(super) struct Ready(Mutex<(VecDeque<u64>, Option<Waker>)>);

impl Ready {
    fn lock(&self) -> std::sync::MutexGuard<'_, (VecDeque<u64>, Option<Waker>)> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> VecDeque<u64> {
        std::mem::take(&mut self.lock().0)
    }

    /// Keeps the waker of the scope's own task, which is called when a task becomes ready.
    pub(super) fn wait(&self, waker: &Waker) {
        let old = self.lock().1.replace(waker.clone());
        drop(old);
    }

    fn wake(&self) {
        let waker = self.lock().1.clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

struct TaskWaker {
    number: u64,
    /// It is in the queue already, so it need not be appended again.
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            self.ready.lock().0.push_back(self.number);
            self.ready.wake();
        }
    }
}
