//! The hub: one a thread, made when it is first needed. It runs the green threads that are ready
//! and, when none is, waits with the event loop for something to happen.
//!
//! It has no thread or stack of its own: it runs on the thread's stack, whenever the code there
//! (the *root*) waits for something. So `main` may call everything in this crate just as a green
//! thread may.

#![allow(unsafe_code, reason = "tasks are pointed to from the ready queue")]

mod deadlock;
mod driver;
mod living;
mod sources;
mod this_thread;

use std::cell::Cell;
use std::io;
use std::panic::{Location, resume_unwind};
use std::ptr::{self, NonNull};
use std::rc::Rc;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use event_loop::Clock;

use crate::monitor::Pulse;
use crate::overflow::{self, AlternateStack};
use crate::ready::ReadyQueue;
use crate::remote::Remotes;
use crate::stack::Stacks;
use crate::task::{Cause, Raise, Suspend, Task};
use crate::wait_queue::Wait;

use driver::Driver;
use living::Living;
pub(crate) use sources::Source;
pub use this_thread::set_clock;
pub(crate) use this_thread::{fallible, try_with, with};

/// How many operations that need not wait may follow one another before the green thread goes to the
/// end of the queue: who always finds something to do may not starve the others.
const BUDGET: u32 = 256;

pub(crate) struct Hub {
    ready: ReadyQueue,
    /// The one that runs; the root while no green thread does.
    current: Cell<NonNull<Task>>,
    root: Rc<Task>,
    budget: Cell<u32>,
    pub(crate) living: Living,
    pub(crate) stacks: Stacks,
    pub(crate) driver: Driver,
    pub(crate) remotes: Remotes,
    /// Raises that had to be put off until nothing unwinds.
    put_off: Cell<bool>,
    pub(crate) pulse: Arc<Pulse>,
    _alternate_stack: AlternateStack,
}

/// The task that runs.
pub(crate) fn current() -> Rc<Task> {
    with(Hub::current)
}

/// Wakes a task that waits; false if it does not, or no longer.
pub(crate) fn wake(task: &Rc<Task>, case: u32) -> bool {
    try_with(|hub| hub.wake(task, Cause::Woken(case))).unwrap_or(false)
}

/// When it will be, so long from now.
pub(crate) fn after(delay: Duration) -> Instant {
    with(|hub| hub.driver.after(delay))
}

/// Now, by this hub's clock.
pub(crate) fn now() -> Instant {
    with(|hub| hub.driver.now())
}

/// Lets the other green threads that are ready run first.
///
/// # Examples
///
/// ```
/// let other = green_threads::spawn(|| ());
/// assert!(!other.ready());
/// green_threads::yield_now();
/// assert!(other.ready());
/// ```
#[inline]
pub fn yield_now() {
    with(Hub::yield_now);
}

/// Waits so long; the others run in the meantime.
///
/// # Panics
///
/// As everything that waits: on a thread that has no hub yet, when the system has no descriptors
/// left for one.
///
/// # Examples
///
/// A thousand that sleep a hundredth of a second at the same time:
///
/// ```
/// use std::time::{Duration, Instant};
///
/// let start = Instant::now();
/// let sleepers: Vec<_> = (0..1000)
///     .map(|_| green_threads::spawn(|| green_threads::sleep(Duration::from_millis(10))))
///     .collect();
/// green_threads::join_all(&sleepers, None);
/// assert!(start.elapsed() >= Duration::from_millis(10));
/// ```
pub fn sleep(duration: Duration) {
    with(|hub| {
        let deadline = hub.driver.after(duration);
        hub.park(Wait::new("sleep").until(Some(deadline)));
    });
}

impl Hub {
    fn new(clock: impl Clock + 'static) -> io::Result<Hub> {
        let driver = Driver::new(clock)?;
        let root = Rc::new(Task::new(0, None, Location::caller()));
        Ok(Hub {
            ready: ReadyQueue::default(),
            current: Cell::new(NonNull::from(&*root)),
            root,
            budget: Cell::new(BUDGET),
            living: Living::default(),
            stacks: Stacks::default(),
            remotes: Remotes::new(driver.waker()),
            driver,
            put_off: Cell::new(false),
            pulse: Arc::default(),
            _alternate_stack: overflow::watch()?,
        })
    }

    /// The task that runs.
    pub(crate) fn current(&self) -> Rc<Task> {
        let task = self.current.get().as_ptr().cast_const();
        // SAFETY: what runs is owned by the table of the living (or is the root, which the hub
        // owns), and all tasks are made by `Rc::new`.
        unsafe {
            Rc::increment_strong_count(task);
            Rc::from_raw(task)
        }
    }

    #[inline]
    fn current_ref(&self) -> &Task {
        // SAFETY: as in `current`; and whoever runs does not end before it returns from here.
        unsafe { &*self.current.get().as_ptr() }
    }

    /// Calls `f` with what runs, without counting: fit for a signal handler.
    pub(crate) fn with_running<R>(&self, f: impl FnOnce(&Task) -> R) -> R {
        f(self.current_ref())
    }

    #[inline]
    fn in_root(&self) -> bool {
        ptr::eq(self.current.get().as_ptr(), Rc::as_ptr(&self.root))
    }

    pub(crate) fn root(&self) -> &Rc<Task> {
        &self.root
    }

    /// Takes a new task among the living, and into the ready queue.
    pub(crate) fn adopt(&self, task: &Rc<Task>) {
        self.living.add(task);
        if let Some(name) = task.name() {
            self.pulse.name(task.id(), Some(name));
        }
        self.pulse.others(self.living.count());
        // SAFETY: it is new, and now owned by the table until it ends.
        unsafe { self.ready.push(NonNull::from(&**task)) };
    }

    /// Runs what is ready until the root is.
    fn run(&self) {
        let root = NonNull::from(&*self.root);
        loop {
            let Some(task) = self.ready.pop() else {
                self.wait_for_events();
                continue;
            };
            self.driver.switched(self);
            self.current.set(task);
            // SAFETY: the table of the living owns it, or the hub.
            let task_ref = unsafe { task.as_ref() };
            self.budget.set(BUDGET);
            self.pulse.beat(task_ref.id(), task_ref.spawned_at());
            if task == root {
                return;
            }
            if self.living.is_crowd()
                && let Some(next) = self.ready.first()
            {
                // SAFETY: what is in the queue is alive.
                unsafe { next.as_ref() }.prefetch();
            }
            match task_ref.resume() {
                // SAFETY: it is alive and was running, so it is in no queue.
                Some(Suspend::Yield) => unsafe { self.ready.push(task) },
                Some(Suspend::Park) => {}
                None => self.remove(task_ref),
            }
            self.current.set(root);
        }
    }

    /// A task has ended.
    fn remove(&self, task: &Task) {
        task.finish();
        let entry = self.living.remove(task);
        if task.name().is_some() {
            self.pulse.name(task.id(), None);
        }
        self.pulse.others(self.living.count());
        drop(entry);
    }

    /// Nothing is ready.
    #[cold]
    fn wait_for_events(&self) {
        self.pulse.rest();
        self.raise_what_was_put_off();
        if !self.ready.is_empty() {
            return;
        }
        if self.is_deadlocked() {
            self.report_deadlock();
        }
        self.driver.turn(self, None);
    }
}

/// Waiting and waking.
impl Hub {
    #[inline]
    pub(crate) fn yield_now(&self) {
        self.pass();
        if self.current_ref().has_raise() {
            self.unwind_if_raised();
        }
    }

    /// Lets the others run first, and does not unwind.
    #[inline]
    fn pass(&self) {
        if self.in_root() {
            let root = NonNull::from(&*self.root);
            // SAFETY: the hub owns it, and what runs is in no queue.
            unsafe { self.ready.push(root) };
            self.run();
        } else {
            self.current_ref().suspend(Suspend::Yield);
        }
    }

    /// Counts an operation that may not have to wait, before it is done; after many the others have
    /// their turn. Not after it is done: what it took would be lost to a kill or a time-out.
    #[inline]
    pub(crate) fn spend(&self) {
        let left = self.budget.get() - 1;
        self.budget.set(left);
        if left == 0 {
            self.budget.set(BUDGET);
            self.yield_now();
        }
    }

    /// Waits to be claimed. Unwinds if it is to, unless the wait is only to be told of that.
    pub(crate) fn park(&self, wait: Wait) -> Cause {
        let task = self.current_ref();
        if task.has_raise() && !wait.told {
            self.unwind_if_raised();
        }
        let alarm = wait
            .deadline
            .map(|deadline| self.driver.wake_at(self, deadline));
        let cause = loop {
            if !task.park(wait.what, wait.told) && task.has_raise() {
                self.put_off.set(true);
            }
            if self.in_root() {
                self.run();
            } else {
                task.suspend(Suspend::Park);
            }
            let cause = task.cause();
            if cause == Cause::Raised && !wait.told {
                // The wait was ended because nothing unwinds on this stack, though by now something
                // may on another.
                if let Some(raise) = task.next_raise() {
                    if let Some(alarm) = alarm {
                        self.driver.cancel_alarm(alarm);
                    }
                    resume_unwind(Box::new(raise));
                }
                // It was taken back in the meantime.
                match wait.deadline {
                    Some(deadline) if deadline <= self.driver.now() => break Cause::TimedOut,
                    _ => continue,
                }
            }
            break cause;
        };
        if let Some(alarm) = alarm {
            self.driver.cancel_alarm(alarm);
        }
        cause
    }

    /// Ends a task's wait; false if it does not wait, or no longer.
    #[inline]
    pub(crate) fn wake(&self, task: &Rc<Task>, cause: Cause) -> bool {
        let claimed = task.claim(cause);
        if claimed {
            // SAFETY: what waits is alive, so the table (or the hub) owns it; it was in no queue.
            unsafe { self.ready.push(NonNull::from(&**task)) };
        }
        claimed
    }
}

/// Unwinding.
impl Hub {
    /// Makes a task unwind, now if it waits, else when it waits or yields next.
    pub(crate) fn raise(&self, task: &Rc<Task>, raise: Raise) {
        if task.has_ended() {
            return;
        }
        task.raise(raise);
        if task.may_be_raised() {
            self.wake(task, Cause::Raised);
        } else if task.is_parked() {
            self.put_off.set(true);
        }
    }

    /// Nothing unwinds any more: those whose unwinding was put off for that do now.
    fn raise_what_was_put_off(&self) {
        if self.put_off.get() && !thread::panicking() {
            self.put_off.set(false);
            for task in self.living.all().iter().chain([&self.root]) {
                if task.may_be_raised() {
                    self.wake(task, Cause::Raised);
                }
            }
        }
    }

    /// Has the current task unwind, if it is to and can.
    #[cold]
    pub(crate) fn unwind_if_raised(&self) {
        let task = self.current_ref();
        if task.was_raised() && !thread::panicking() {
            // Somebody catches what it unwinds with, and may do so forever: the others run first.
            self.pass();
        }
        if !thread::panicking()
            && let Some(raise) = task.next_raise()
        {
            // Without the panic hook: nothing has gone wrong.
            resume_unwind(Box::new(raise));
        }
    }
}
