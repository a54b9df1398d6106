//! The hub. Each thread has one, made at its first use. It runs the green threads that are ready.
//! When none is ready, it waits for events with the event loop.
//!
//! It has no thread or stack of its own. It runs on the thread's stack, whenever the code there
//! (the *root*) waits. So `main` may call everything in this crate, as a green thread may.

#![allow(unsafe_code, reason = "the ready queue holds raw pointers to tasks")]

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

/// How many operations in a row may succeed without waiting. Then the green thread goes to the end
/// of the queue, because one that is always busy must not starve the others. With so many, the
/// turn through the queue adds little to each.
const BUDGET: u32 = 256;

pub(crate) struct Hub {
    ready: ReadyQueue,
    /// The task that runs; the root while no green thread runs.
    current: Cell<NonNull<Task>>,
    root: Rc<Task>,
    budget: Cell<u32>,
    pub(crate) living: Living,
    pub(crate) stacks: Stacks,
    pub(crate) driver: Driver,
    pub(crate) remotes: Remotes,
    /// Some tasks are to unwind when no other task unwinds.
    put_off: Cell<bool>,
    pub(crate) pulse: Arc<Pulse>,
    _alternate_stack: AlternateStack,
}

/// The task that runs.
pub(crate) fn current() -> Rc<Task> {
    with(Hub::current)
}

/// Wakes a waiting task. Returns false if it does not wait (any longer).
pub(crate) fn wake(task: &Rc<Task>, case: u32) -> bool {
    try_with(|hub| hub.wake(task, Cause::Woken(case))).unwrap_or(false)
}

/// The moment `delay` from now.
pub(crate) fn after(delay: Duration) -> Instant {
    with(|hub| hub.driver.after(delay))
}

/// The time on this hub's clock.
pub(crate) fn now() -> Instant {
    with(|hub| hub.driver.now())
}

/// Lets the other green threads that are ready run first.
///
/// # Panics
///
/// As [`sleep`].
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

/// Sleeps for this time. The others run in the meantime.
///
/// # Panics
///
/// Like every wait: when the thread has no hub yet, and the system has no descriptors left for one.
///
/// # Examples
///
/// A thousand green threads sleep for a hundredth of a second at the same time:
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
        // SAFETY: the table of living green threads owns the running task, or the hub owns it if it
        // is the root. All tasks are made by `Rc::new`.
        unsafe {
            Rc::increment_strong_count(task);
            Rc::from_raw(task)
        }
    }

    #[inline]
    fn current_ref(&self) -> &Task {
        // SAFETY: as in `current`. The running task does not end before it returns from here.
        unsafe { &*self.current.get().as_ptr() }
    }

    /// Calls `f` with the running task, without reference counting: a signal handler may call it.
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

    /// Adds a new task to the table of living green threads and to the ready queue.
    pub(crate) fn adopt(&self, task: &Rc<Task>) {
        self.living.add(task);
        if let Some(name) = task.name() {
            self.pulse.name(task.id(), Some(name));
        }
        self.pulse.others(self.living.count());
        // SAFETY: it is new, and from now on the table owns it until it ends.
        unsafe { self.ready.push(NonNull::from(&**task)) };
    }

    /// Runs the ready tasks until the root is ready.
    fn run(&self) {
        let root = NonNull::from(&*self.root);
        loop {
            let Some(task) = self.ready.pop() else {
                self.wait_for_events();
                continue;
            };
            self.driver.switched(self);
            self.current.set(task);
            // SAFETY: the table of living green threads owns it, or the hub.
            let task_ref = unsafe { task.as_ref() };
            self.budget.set(BUDGET);
            self.pulse.beat(task_ref.id(), task_ref.spawned_at());
            if task == root {
                return;
            }
            if self.living.is_crowd()
                && let Some(next) = self.ready.first()
            {
                // SAFETY: tasks in the queue are alive.
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

    /// Removes a task that has ended.
    fn remove(&self, task: &Task) {
        task.finish();
        let entry = self.living.remove(task);
        if task.name().is_some() {
            self.pulse.name(task.id(), None);
        }
        self.pulse.others(self.living.count());
        drop(entry);
    }

    /// Waits for events when no task is ready.
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

    /// Lets the others run first. It does not unwind.
    #[inline]
    fn pass(&self) {
        if self.in_root() {
            let root = NonNull::from(&*self.root);
            // SAFETY: the hub owns it, and a running task is in no queue.
            unsafe { self.ready.push(root) };
            self.run();
        } else {
            self.current_ref().suspend(Suspend::Yield);
        }
    }

    /// Counts an operation that may not have to wait, before it is done. After many, the others run
    /// first. It is done before the operation, because a kill or time-out after it would lose its
    /// result.
    #[inline]
    pub(crate) fn spend(&self) {
        let left = self.budget.get() - 1;
        self.budget.set(left);
        if left == 0 {
            self.budget.set(BUDGET);
            self.yield_now();
        }
    }

    /// Waits until it is claimed. Unwinds if it must, unless the wait is only to be told of that.
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
                // The wait ended because nothing unwound on this stack. By now something may unwind
                // on another.
                if let Some(raise) = task.next_raise() {
                    if let Some(alarm) = alarm {
                        self.driver.cancel_alarm(alarm);
                    }
                    resume_unwind(Box::new(raise));
                }
                // The time-out was taken back in the meantime.
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

    /// Ends the wait of a task. Returns false if it does not wait (any longer).
    #[inline]
    pub(crate) fn wake(&self, task: &Rc<Task>, cause: Cause) -> bool {
        let claimed = task.claim(cause);
        if claimed {
            // SAFETY: a waiting task is alive, so the table (or the hub) owns it, and it was in no
            // queue.
            unsafe { self.ready.push(NonNull::from(&**task)) };
        }
        claimed
    }
}

/// Unwinding.
impl Hub {
    /// Makes a task unwind: now if it waits, otherwise at its next wait or yield.
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

    /// No task unwinds any more, so the tasks that were put off for that unwind now.
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

    /// Unwinds the current task, if it must and can.
    #[cold]
    pub(crate) fn unwind_if_raised(&self) {
        let task = self.current_ref();
        if task.was_raised() && !thread::panicking() {
            // The code that catches this may do so for ever, so the others run first.
            self.pass();
        }
        if !thread::panicking()
            && let Some(raise) = task.next_raise()
        {
            // Without the panic hook: this is not a fault.
            resume_unwind(Box::new(raise));
        }
    }
}
