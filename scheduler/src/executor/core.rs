//! The ready queue and the inbox: the part of an executor that tasks and wakers use.
//!
//! This part has no event loop. It polls ready tasks, and calls a `Bell` when another thread has
//! posted something.

#![allow(
    unsafe_code,
    reason = "one part of a shared struct belongs to one thread"
)]

use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;

use super::budget;
use super::home::Home;
use super::loom_or_std::{AtomicBool, AtomicUsize, Mutex, MutexGuard, Ordering, lock};
use super::task::TaskRef;

/// Wakes the executor's thread from any other thread.
pub(super) trait Bell: Send + Sync {
    fn ring(&self);
}

impl Bell for event_loop::Waker {
    fn ring(&self) {
        self.wake();
    }
}

/// The part through which a waker finds its executor, on any thread. It lives as long as the
/// executor and all of its tasks.
pub(super) struct Shared {
    home: Home,
    id: u64,
    /// Only the home thread uses it.
    local: Local,
    inbox: Mutex<Inbox>,
    /// Whether the inbox may contain something. So the home thread need not lock it to look.
    posted: AtomicBool,
    /// How many [`Spawner`](super::Spawner)s exist.
    pub(super) spawners: AtomicUsize,
    bell: Box<dyn Bell>,
}

// SAFETY: only the thread that `home` names uses `local`. Everything else may be shared. Nothing in
// `local` has a destructor, so any thread may free it.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// A call for the home thread.
pub(super) type Call = Box<dyn FnOnce() + Send>;

/// Messages from other threads.
pub(super) struct Inbox {
    pub(super) open: bool,
    /// Tasks that were woken, or whose waker was dropped. Each task is in it at most once, so the
    /// list needs no limit.
    tasks: Vec<TaskRef>,
    /// `None` when the executor is being dropped. The spawner limits its length.
    pub(super) calls: Option<Vec<Call>>,
}

impl Shared {
    #[inline]
    pub(super) fn is_here(&self) -> bool {
        self.home.is_here()
    }

    pub(super) fn id(&self) -> u64 {
        self.id
    }

    /// The part of the home thread. Only that thread may call this.
    #[inline]
    pub(super) fn local(&self) -> &Local {
        &self.local
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Puts a task into the inbox. The inbox must be open, and the task must not be in it.
    pub(super) fn post(&self, inbox: &mut Inbox, task: TaskRef) {
        inbox.tasks.push(task);
        self.posted.store(true, Ordering::Release);
    }

    /// Notes that the inbox contains a call.
    pub(super) fn posted(&self) {
        self.posted.store(true, Ordering::Release);
    }

    /// Wakes the executor, because something was posted that should not wait.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }
}

/// The part that only the home thread uses.
pub(super) struct Local {
    /// The ready queue: a list that is linked through the tasks, so a wake-up allocates nothing.
    head: Cell<TaskRef>,
    tail: Cell<TaskRef>,
    /// The newest of all tasks whose memory is not freed.
    newest: Cell<TaskRef>,
    unfinished: Cell<usize>,
    /// How many wakers of unfinished tasks may be called at any time; see [`super::waits`].
    loose: Cell<i64>,
    spawned: Cell<u64>,
    running: Cell<u64>,
    closing: Cell<bool>,
}

/// The value of [`Local::running`] when no task runs.
const NOBODY: u64 = u64::MAX;

impl Local {
    /// Appends a task to the ready queue. If the executor is being dropped, it returns false.
    #[inline]
    pub(super) fn push(&self, task: TaskRef) -> bool {
        if self.closing.get() {
            return false;
        }
        task.set_next(TaskRef::NULL);
        let tail = self.tail.replace(task);
        match tail.is_null() {
            true => self.head.set(task),
            false => tail.set_next(task),
        }
        true
    }

    #[inline]
    fn pop(&self) -> Option<TaskRef> {
        let task = self.head.get();
        if task.is_null() {
            return None;
        }
        let next = task.next();
        self.head.set(next);
        if next.is_null() {
            self.tail.set(TaskRef::NULL);
        }
        Some(task)
    }

    pub(super) fn set_newest(&self, task: TaskRef) {
        self.newest.set(task);
    }

    pub(super) fn finished(&self) {
        self.unfinished.set(self.unfinished.get() - 1);
    }

    #[inline]
    pub(super) fn loosen(&self, count: i32) {
        self.loose.set(self.loose.get() + i64::from(count));
    }
}

/// An executor without its event loop.
pub(super) struct Core {
    shared: Arc<Shared>,
}

impl Core {
    pub(super) fn new(bell: impl Bell + 'static) -> Core {
        static NEXT: AtomicU64 = AtomicU64::new(0);
        let shared = Arc::new(Shared {
            home: Home::here(),
            id: NEXT.fetch_add(1, Relaxed),
            local: Local {
                head: Cell::new(TaskRef::NULL),
                tail: Cell::new(TaskRef::NULL),
                newest: Cell::new(TaskRef::NULL),
                unfinished: Cell::new(0),
                loose: Cell::new(0),
                spawned: Cell::new(0),
                running: Cell::new(NOBODY),
                closing: Cell::new(false),
            },
            inbox: Mutex::new(Inbox {
                open: true,
                tasks: Vec::new(),
                calls: Some(Vec::new()),
            }),
            posted: AtomicBool::new(false),
            spawners: AtomicUsize::new(0),
            bell: Box::new(bell),
        });
        Core { shared }
    }

    pub(super) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    fn local(&self) -> &Local {
        self.shared.local()
    }

    /// Makes a task of a future, and schedules it. The caller gets the join handle's reference. If
    /// the executor is being dropped, the future is dropped at once.
    ///
    /// # Safety
    ///
    /// As for [`TaskRef::new`]: the future must be finished before the things it borrows are gone.
    pub(super) unsafe fn spawn<F: Future>(&self, future: F) -> TaskRef {
        let local = self.local();
        let number = local.spawned.get();
        local.spawned.set(number + 1);
        // SAFETY: the caller promises it. The shared part lives as long as this one. After that,
        // the remaining tasks hold it themselves (`TaskRef::merge`).
        let task = unsafe { TaskRef::new(future, number, Arc::as_ptr(&self.shared)) };
        task.link(local.newest.get());
        local.newest.set(task);
        local.unfinished.set(local.unfinished.get() + 1);
        match local.closing.get() {
            true => task.abort_now(),
            false => task.schedule(),
        }
        task
    }

    /// Polls the first task of the ready queue. Returns false if there is none.
    #[inline]
    pub(super) fn run_one(&self) -> bool {
        let Some(task) = self.local().pop() else {
            return false;
        };
        self.local().running.set(task.number());
        budget::renew();
        task.run();
        self.local().running.set(NOBODY);
        true
    }

    /// Notes that no task runs, even if a foreign waker has panicked.
    pub(super) fn rest(&self) {
        self.local().running.set(NOBODY);
        budget::end();
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.local().head.get().is_null()
    }

    /// Empties the inbox: handles its tasks and makes its calls.
    pub(super) fn collect(&self) {
        if !self.shared.posted.load(Ordering::Acquire) {
            return;
        }
        let (tasks, calls) = {
            let mut inbox = self.shared.inbox();
            self.shared.posted.store(false, Relaxed);
            let inbox = &mut *inbox;
            (
                std::mem::take(&mut inbox.tasks),
                inbox.calls.as_mut().map(std::mem::take),
            )
        };
        tasks.into_iter().for_each(TaskRef::collect);
        calls.into_iter().flatten().for_each(|call| call());
    }

    /// How many tasks have not ended.
    pub(super) fn unfinished(&self) -> usize {
        self.local().unfinished.get()
    }

    /// How many wakers of unfinished tasks may be called at any time, as far as the home thread
    /// knows. Some may have been cloned on other threads; [`TaskRef::may_be_woken`] tells that.
    pub(super) fn loose(&self) -> i64 {
        self.local().loose.get()
    }

    /// Whether other threads may spawn tasks.
    pub(super) fn has_spawners(&self) -> bool {
        self.shared.spawners.load(Ordering::Acquire) > 0
    }

    /// The number of the task that is being polled.
    pub(super) fn running(&self) -> Option<u64> {
        Some(self.local().running.get()).filter(|&number| number != NOBODY)
    }

    /// The tasks that have not ended, newest first. No task may run meanwhile.
    pub(super) fn tasks(&self) -> impl Iterator<Item = TaskRef> {
        let there = |task: TaskRef| (!task.is_null()).then_some(task);
        std::iter::successors(there(self.local().newest.get()), move |task| {
            there(task.older())
        })
        .filter(|task| !task.finished())
    }

    /// Drops all remaining futures, and those that are spawned meanwhile. A panic of a foreign
    /// waker continues after all are dropped.
    pub(super) fn close(&self) {
        self.local().closing.set(true);
        let calls = self.shared.inbox().calls.take();
        let mut panicked = catch_unwind(AssertUnwindSafe(|| drop(calls))).err();
        let mut task = self.local().newest.get();
        while !task.is_null() {
            // Destructors may free any task except this one.
            task.hold();
            let cancelled = catch_unwind(AssertUnwindSafe(|| {
                task.abort_now();
                task.clear_joiner();
            }));
            panicked = panicked.or(cancelled.err());
            let older = task.older();
            task.release();
            task = older;
        }
        while let Some(task) = self.local().pop() {
            task.unschedule();
        }
        if let Some(panic) = panicked
            && !std::thread::panicking()
        {
            std::panic::resume_unwind(panic);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
        let mut inbox = self.shared.inbox();
        inbox.open = false;
        for task in std::mem::take(&mut inbox.tasks) {
            task.collect();
        }
        let mut task = self.local().newest.get();
        while !task.is_null() {
            let older = task.older();
            task.merge();
            task = older;
        }
    }
}
