//! The ready queue and the inbox: what tasks and wakers know of their executor.
//!
//! This part knows no event loop. It polls what is ready, and rings a bell when something was
//! posted from another thread.

#![allow(
    unsafe_code,
    reason = "a part that belongs to one thread lies in a whole that all threads share"
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

/// What wakes the executor's thread, from any other.
pub(super) trait Bell: Send + Sync {
    fn ring(&self);
}

impl Bell for event_loop::Waker {
    fn ring(&self) {
        self.wake();
    }
}

/// What a waker finds its executor by, on whichever thread it is. It lives as long as the executor
/// and all tasks of it.
pub(super) struct Shared {
    home: Home,
    id: u64,
    /// For home only.
    local: Local,
    inbox: Mutex<Inbox>,
    /// Whether there may be something in the inbox: spares home the lock.
    posted: AtomicBool,
    /// How many [`Spawner`](super::Spawner)s there are.
    pub(super) spawners: AtomicUsize,
    bell: Box<dyn Bell>,
}

// SAFETY: `local` is reached by the thread that `home` names only; all else may be shared. Nothing
// in `local` has a destructor, so any thread may free it.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Something to be done at home.
pub(super) type Call = Box<dyn FnOnce() + Send>;

/// What was told on other threads.
pub(super) struct Inbox {
    pub(super) open: bool,
    /// Tasks that were woken, or of which a waker was dropped. Each is in it once at most, so there
    /// is no limit to set.
    tasks: Vec<TaskRef>,
    /// `None` when the executor is going. The spawner sees to its limit.
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

    /// The part at home; for home only.
    #[inline]
    pub(super) fn local(&self) -> &Local {
        &self.local
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Puts a task into the inbox, which is open and does not hold it.
    pub(super) fn post(&self, inbox: &mut Inbox, task: TaskRef) {
        inbox.tasks.push(task);
        self.posted.store(true, Ordering::Release);
    }

    /// There is a call in the inbox.
    pub(super) fn posted(&self) {
        self.posted.store(true, Ordering::Release);
    }

    /// Something was posted that should not wait.
    pub(super) fn ring(&self) {
        self.bell.ring();
    }
}

/// The part that belongs to one thread.
pub(super) struct Local {
    /// The ready queue: a list through the tasks, for which no wake-up has to allocate.
    head: Cell<TaskRef>,
    tail: Cell<TaskRef>,
    /// The newest of all tasks that have not been freed.
    newest: Cell<TaskRef>,
    unfinished: Cell<usize>,
    /// How many wakers of unfinished tasks may be used at any time; see [`super::waits`].
    loose: Cell<i64>,
    spawned: Cell<u64>,
    running: Cell<u64>,
    closing: Cell<bool>,
}

/// What [`Local::running`] says when nobody runs.
const NOBODY: u64 = u64::MAX;

impl Local {
    /// Appends a task to the ready queue; not if the executor is going, for nobody would take it.
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

/// The executor without its event loop.
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

    /// Makes a task of a future, and schedules it; the reference of the join handle is the
    /// caller's. When the executor is going, the future is dropped at once.
    ///
    /// # Safety
    ///
    /// As for [`TaskRef::new`]: the future has to be finished before what it borrows is gone.
    pub(super) unsafe fn spawn<F: Future>(&self, future: F) -> TaskRef {
        let local = self.local();
        let number = local.spawned.get();
        local.spawned.set(number + 1);
        // SAFETY: the caller's; the shared part lives as long as this one, and after that the
        // tasks that are left hold it themselves (`TaskRef::merge`).
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

    /// Polls the task that has been ready for longest; false if none is.
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

    /// Nobody runs any more, also if a foreign waker has panicked.
    pub(super) fn rest(&self) {
        self.local().running.set(NOBODY);
        budget::end();
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.local().head.get().is_null()
    }

    /// Takes in what was posted from other threads, and makes the calls.
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

    /// How many wakers of unfinished tasks may be used at any time, as far as home knows: some may
    /// have been cloned on other threads, which [`TaskRef::may_be_woken`] tells.
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

    /// Those that have not ended, newest first. Nothing may run meanwhile.
    pub(super) fn tasks(&self) -> impl Iterator<Item = TaskRef> {
        let there = |task: TaskRef| (!task.is_null()).then_some(task);
        std::iter::successors(there(self.local().newest.get()), move |task| {
            there(task.older())
        })
        .filter(|task| !task.finished())
    }

    /// Drops all futures that are left; those that are spawned meanwhile too. A panic of a foreign
    /// waker goes on when all are dropped.
    pub(super) fn close(&self) {
        self.local().closing.set(true);
        let calls = self.shared.inbox().calls.take();
        let mut panicked = catch_unwind(AssertUnwindSafe(|| drop(calls))).err();
        let mut task = self.local().newest.get();
        while !task.is_null() {
            // Destructors may free any task but this one.
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
