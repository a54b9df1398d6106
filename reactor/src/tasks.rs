//! Tasks: futures that run on the reactor's thread.

use std::cell::{Cell, RefCell};
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::inner::Inner;
use crate::{Deferred, Error};

type Task = Pin<Box<dyn Future<Output = ()>>>;

/// The tasks, by number. A number is used again. So each task has a waker of its own, and the waker
/// identifies the task.
pub(crate) struct Tasks {
    slots: RefCell<Vec<Slot>>,
    free: RefCell<Vec<usize>>,
    ready: Arc<Ready>,
}

struct Slot {
    /// `None` while it is polled.
    task: Option<Task>,
    waker: Option<Arc<TaskWaker>>,
}

struct Ready {
    tasks: Mutex<Vec<Arc<TaskWaker>>>,
    waker: event_loop::Waker,
}

struct TaskWaker {
    number: usize,
    queued: AtomicBool,
    ready: Arc<Ready>,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        if !self.queued.swap(true, Ordering::AcqRel) {
            let ready = Arc::clone(&self.ready);
            ready
                .tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(self);
            ready.waker.wake();
        }
    }
}

impl Tasks {
    pub(crate) fn new(waker: event_loop::Waker) -> Tasks {
        Tasks {
            slots: RefCell::default(),
            free: RefCell::default(),
            ready: Arc::new(Ready {
                tasks: Mutex::default(),
                waker,
            }),
        }
    }

    #[track_caller]
    pub(crate) fn spawn<T: 'static>(
        inner: &Rc<Inner>,
        future: impl Future<Output = Result<T, Error>> + 'static,
    ) -> Deferred<T> {
        let tasks = &inner.tasks;
        let number = tasks.free.borrow_mut().pop().unwrap_or_else(|| {
            let mut slots = tasks.slots.borrow_mut();
            slots.push(Slot {
                task: None,
                waker: None,
            });
            slots.len() - 1
        });
        let waker = Arc::new(TaskWaker {
            number,
            queued: AtomicBool::new(false),
            ready: Arc::clone(&tasks.ready),
        });
        let over = Rc::new(Cell::new(false));
        let (deferred, resolver) = Deferred::with_canceller({
            let (inner, over) = (Rc::downgrade(inner), Rc::clone(&over));
            let waker = Arc::clone(&waker);
            move || {
                over.set(true);
                if let Some(inner) = inner.upgrade() {
                    inner.tasks.remove(&waker);
                }
            }
        });
        let task = async move {
            let mut future = pin!(future);
            // A panic becomes the deferred's error, so the code that waits for it gets it.
            let result = poll_fn(|context| {
                let polling = AssertUnwindSafe(|| future.as_mut().poll(context));
                catch_unwind(polling).unwrap_or_else(|panic| {
                    let error = Error::panicked(&*panic);
                    tracing::error!(%error, "a task panicked");
                    Poll::Ready(Err(error))
                })
            })
            .await;
            if !over.get() {
                let _ = resolver.fire(result);
            }
        };
        tasks.slots.borrow_mut()[number] = Slot {
            task: Some(Box::pin(task)),
            waker: Some(Arc::clone(&waker)),
        };
        waker.wake();
        deferred
    }

    /// Whether tasks were woken.
    pub(crate) fn are_ready(&self) -> bool {
        let ready = self.ready.tasks.lock();
        !ready.unwrap_or_else(PoisonError::into_inner).is_empty()
    }

    /// Polls the tasks that were woken.
    pub(crate) fn run(&self) {
        let ready = std::mem::take(
            &mut *self
                .ready
                .tasks
                .lock()
                .unwrap_or_else(PoisonError::into_inner),
        );
        for waker in ready {
            waker.queued.store(false, Ordering::Release);
            let task = self.with(&waker, |slot| slot.task.take()).flatten();
            let Some(mut task) = task else { continue };
            let std_waker = Waker::from(Arc::clone(&waker));
            let mut context = Context::from_waker(&std_waker);
            let polled = catch_unwind(AssertUnwindSafe(|| task.as_mut().poll(&mut context)));
            match polled {
                Ok(Poll::Pending) => {
                    // The task may have cancelled itself. Then its slot is free.
                    self.with(&waker, |slot| slot.task = Some(task));
                }
                Ok(Poll::Ready(())) => self.remove(&waker),
                Err(panic) => {
                    let error = Error::panicked(&*panic);
                    tracing::error!(%error, "a task panicked on being dropped");
                    self.remove(&waker);
                }
            }
        }
    }

    /// Calls `f` with the waker's slot, if the task still has one.
    fn with<R>(&self, waker: &Arc<TaskWaker>, f: impl FnOnce(&mut Slot) -> R) -> Option<R> {
        let mut slots = self.slots.borrow_mut();
        let slot = &mut slots[waker.number];
        match &slot.waker {
            Some(owner) if Arc::ptr_eq(owner, waker) => Some(f(slot)),
            _ => None,
        }
    }

    fn remove(&self, waker: &Arc<TaskWaker>) {
        let removed = self.with(waker, |slot| {
            slot.waker = None;
            slot.task.take()
        });
        if let Some(task) = removed {
            self.free.borrow_mut().push(waker.number);
            // Dropped last: the task may own deferreds, and dropping them may run callbacks.
            drop(task);
        }
    }
}
