//! The ready queue and the inbox: what tasks and wakers know of their executor.
//!
//! This part knows no event loop. It polls what is ready, and rings a bell when something was
//! posted from another thread.

#![allow(
    unsafe_code,
    reason = "the part of the core that belongs to one thread is reached through a part that all share"
)]

use std::cell::Cell;
use std::ptr;
use std::sync::Arc;

use super::home::Home;
use super::loom_or_std::{AtomicBool, Mutex, MutexGuard, Ordering, lock};
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

/// What a waker finds its executor by, on whichever thread it is.
pub(super) struct Shared {
    home: Home,
    /// Null when the executor has gone. At home only.
    local: Cell<*const Local>,
    inbox: Mutex<Inbox>,
    /// Whether there may be something in the inbox: spares home the lock.
    posted: AtomicBool,
    bell: Box<dyn Bell>,
}

// SAFETY: `local` is looked at only by the thread that `home` names; all else may be shared.
unsafe impl Send for Shared {}
// SAFETY: as above.
unsafe impl Sync for Shared {}

/// Tasks that were woken, or of which a waker was dropped, on other threads. Each is in it once at
/// most, so there is no limit to set.
pub(super) struct Inbox {
    pub(super) open: bool,
    tasks: Vec<TaskRef>,
}

impl Shared {
    #[inline]
    pub(super) fn is_here(&self) -> bool {
        self.home.is_here()
    }

    /// The part at home, for home; `None` when the executor has gone.
    #[inline]
    pub(super) fn local(&self) -> Option<&Local> {
        // SAFETY: it is there until `Core::close` sets this to null, and that takes the core
        // exclusively: no task or waker is in the middle of anything then.
        unsafe { self.local.get().as_ref() }
    }

    pub(super) fn inbox(&self) -> MutexGuard<'_, Inbox> {
        lock(&self.inbox)
    }

    /// Puts a task into the inbox, which is open and does not hold it.
    pub(super) fn post(&self, inbox: &mut Inbox, task: TaskRef) {
        inbox.tasks.push(task);
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
    spawned: Cell<u64>,
    running: Cell<u64>,
    closing: Cell<bool>,
    budget: Cell<u32>,
}

/// How many operations that are ready at once a task may do in one poll before it has to let the
/// others run: a socket whose other end is fast would never be pending.
const BUDGET: u32 = 64;

/// What [`Local::running`] says when nobody runs.
const NOBODY: u64 = u64::MAX;

impl Local {
    #[inline]
    pub(super) fn push(&self, task: TaskRef) {
        task.set_next(TaskRef::NULL);
        let tail = self.tail.replace(task);
        match tail.is_null() {
            true => self.head.set(task),
            false => tail.set_next(task),
        }
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

    /// Takes one operation off the budget of this poll; false if it is used up.
    pub(super) fn spend(&self) -> bool {
        let left = self.budget.get();
        self.budget.set(left.saturating_sub(1));
        left > 0
    }

    /// The id of the task that is being polled.
    pub(super) fn running(&self) -> Option<u64> {
        Some(self.running.get()).filter(|&id| id != NOBODY)
    }
}

/// The executor without its event loop.
pub(super) struct Core {
    // Boxed: tasks find it by its address.
    local: Box<Local>,
    shared: Arc<Shared>,
}

impl Core {
    pub(super) fn new(bell: impl Bell + 'static) -> Core {
        let local = Box::new(Local {
            head: Cell::new(TaskRef::NULL),
            tail: Cell::new(TaskRef::NULL),
            newest: Cell::new(TaskRef::NULL),
            unfinished: Cell::new(0),
            spawned: Cell::new(0),
            running: Cell::new(NOBODY),
            closing: Cell::new(false),
            budget: Cell::new(BUDGET),
        });
        let shared = Arc::new(Shared {
            home: Home::here(),
            local: Cell::new(ptr::from_ref(&*local)),
            inbox: Mutex::new(Inbox {
                open: true,
                tasks: Vec::new(),
            }),
            posted: AtomicBool::new(false),
            bell: Box::new(bell),
        });
        Core { local, shared }
    }

    pub(super) fn local(&self) -> &Local {
        &self.local
    }

    /// Makes a task of a future, and schedules it; the reference of the join handle is the
    /// caller's. When the executor is going, the future is dropped at once.
    ///
    /// # Safety
    ///
    /// As for [`TaskRef::new`]: the future has to be finished before what it borrows is gone.
    pub(super) unsafe fn spawn<F: Future>(&self, future: F) -> TaskRef {
        let local = self.local();
        let id = local.spawned.get();
        local.spawned.set(id + 1);
        // SAFETY: the caller's; the shared part lives as long as this one, and after that the
        // tasks that are left hold it themselves (`TaskRef::merge`).
        let task = unsafe { TaskRef::new(future, id, Arc::as_ptr(&self.shared)) };
        task.link(local.newest.get());
        local.newest.set(task);
        local.unfinished.set(local.unfinished.get() + 1);
        match local.closing.get() {
            true => task.abort(local),
            false => task.schedule(local),
        }
        task
    }

    /// Polls the task that has been ready for longest; false if none is.
    #[inline]
    pub(super) fn run_one(&self) -> bool {
        let local = self.local();
        let Some(task) = local.pop() else {
            return false;
        };
        let before = local.running.replace(task.id());
        local.budget.set(BUDGET);
        task.run(local);
        local.running.set(before);
        true
    }

    pub(super) fn is_ready(&self) -> bool {
        !self.local.head.get().is_null()
    }

    /// Takes in what was posted from other threads.
    pub(super) fn collect(&self) {
        if !self.shared.posted.load(Ordering::Acquire) {
            return;
        }
        let posted = {
            let mut inbox = self.shared.inbox();
            self.shared.posted.store(false, Ordering::Relaxed);
            std::mem::take(&mut inbox.tasks)
        };
        for task in posted {
            task.collect(&self.local);
        }
    }

    /// How many tasks have not ended.
    pub(super) fn unfinished(&self) -> usize {
        self.local.unfinished.get()
    }

    /// Those that have not ended, newest first. Nothing may run meanwhile.
    pub(super) fn tasks(&self) -> impl Iterator<Item = TaskRef> {
        let there = |task: TaskRef| (!task.is_null()).then_some(task);
        std::iter::successors(there(self.local.newest.get()), move |task| {
            there(task.older())
        })
        .filter(|task| !task.finished())
    }

    /// Drops all futures that are left; those that are spawned meanwhile too.
    pub(super) fn close(&self) {
        let local = self.local();
        local.closing.set(true);
        let mut task = local.newest.get();
        while !task.is_null() {
            // Destructors may free any task but this one.
            task.hold();
            task.abort(local);
            task.clear_joiner();
            let older = task.older();
            task.release();
            task = older;
        }
        while let Some(task) = local.pop() {
            task.run(local);
        }
    }
}

impl Drop for Core {
    fn drop(&mut self) {
        self.close();
        let mut inbox = self.shared.inbox();
        inbox.open = false;
        for task in std::mem::take(&mut inbox.tasks) {
            task.collect(&self.local);
        }
        let mut task = self.local.newest.get();
        while !task.is_null() {
            let older = task.older();
            task.merge();
            task = older;
        }
        self.shared.local.set(ptr::null());
    }
}
