//! System calls: a task yields a request, and the scheduler answers it.
//!
//! So far a yield only let others run. Here it also says what the task wants, as a trap does in an
//! operating system: its own id, a new task, to wait for another task, to kill it, to sleep. The
//! scheduler is a kernel now, and a task uses it only through [`Sys`]. After David Beazley's *A
//! Curious Course on Coroutines and Concurrency* (2009).
//!
//! ```
//! use scheduler::system_calls::{End, Kernel};
//!
//! let mut kernel = Kernel::new();
//! kernel.spawn("parent", |sys| async move {
//!     let child = sys.spawn("child", |sys| async move {
//!         loop {
//!             sys.yield_now().await;
//!         }
//!     }).await;
//!     sys.yield_now().await;
//!     assert!(sys.kill(child).await);
//!     assert_eq!(sys.wait(child).await, None, "it is no more");
//! });
//! kernel.run()?;
//! # Ok::<(), scheduler::system_calls::Stuck>(())
//! ```
//!
//! # Nested calls
//!
//! An `async fn` may await another, and the compiler makes one state machine of both. This does not
//! allow recursion without limits: each level would be polled through all those above it, on the
//! thread's stack. With [`Sys::call`] the scheduler has its own call stack: the caller is set
//! aside, the callee runs in its place, and its result is the answer. That is a trampoline, and its
//! depth costs only memory.

mod calls;
mod sleepers;
mod task;

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::thread;

use event_loop::{Clock, SystemClock};

pub use calls::Sys;
use calls::{Call, Frame, Reply, frame};
use sleepers::Sleepers;
use task::{Task, Waits};

/// The deepest nesting of calls. So an endless recursion stops before it has used up the memory.
pub const MAX_DEPTH: usize = 1_000_000;

/// The number of a task. It is unique in a kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TaskId(u64);

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How a task ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// It has returned.
    Returned,
    /// It was killed, perhaps by itself.
    Killed,
    /// It panicked.
    Panicked,
}

impl fmt::Display for End {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            End::Returned => "has returned",
            End::Killed => "was killed",
            End::Panicked => "has panicked",
        })
    }
}

/// A turn of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// The task.
    pub task: TaskId,
    /// Its name.
    pub name: &'static str,
    /// How the task ended, if this was its last turn.
    pub end: Option<End>,
}

/// The scheduler that answers system calls.
pub struct Kernel {
    tasks: BTreeMap<TaskId, Task>,
    /// Tasks that were killed meanwhile are skipped.
    ready: VecDeque<TaskId>,
    sleepers: Sleepers,
    next: u64,
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel::new()
    }
}

impl Kernel {
    /// A kernel on the system's clock.
    pub fn new() -> Kernel {
        Kernel::with_clock(SystemClock)
    }

    /// A kernel on `clock`.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use event_loop::FakeClock;
    /// use scheduler::system_calls::Kernel;
    ///
    /// let clock = FakeClock::new();
    /// let mut kernel = Kernel::with_clock(clock.clone());
    /// kernel.spawn("sleeper", |sys| async move { sys.sleep(Duration::from_secs(60)).await });
    /// kernel.run_ready();
    /// assert_eq!(kernel.tasks().count(), 1);
    /// clock.advance(Duration::from_secs(60));
    /// kernel.run_ready();
    /// assert_eq!(kernel.tasks().count(), 0);
    /// ```
    pub fn with_clock(clock: impl Clock + 'static) -> Kernel {
        Kernel {
            tasks: BTreeMap::new(),
            ready: VecDeque::new(),
            sleepers: Sleepers::new(clock),
            next: 0,
        }
    }

    /// Adds a task. Its first turn comes after those of all ready tasks.
    pub fn spawn<F>(&mut self, name: &'static str, body: impl FnOnce(Sys) -> F) -> TaskId
    where
        F: Future<Output = ()> + 'static,
    {
        self.start(name, frame(body))
    }

    /// The tasks that have not ended, with their names.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &'static str)> {
        self.tasks.iter().map(|(&id, task)| (id, task.name))
    }

    /// Runs the next task for one turn; `None` when no task is ready.
    ///
    /// # Panics
    ///
    /// When the task does, or the destructor of a task that it kills. The task that panicked is
    /// then removed, the tasks that waited for it are told, and the kernel goes on with the others.
    pub fn turn(&mut self) -> Option<Turn> {
        while let Some(id) = self.sleepers.next_due() {
            self.make_ready(id, Reply::Done);
        }
        let (id, mut task) = loop {
            let id = self.ready.pop_front()?;
            // Taken out of the table while it runs, because its calls may change the table.
            if let Some(task) = self.tasks.remove(&id) {
                break (id, task);
            }
        };
        let name = task.name;
        let end = match catch_unwind(AssertUnwindSafe(|| task.run())) {
            Ok(Some(call)) => self.answer(id, task, call),
            Ok(None) => Some(self.end(task, End::Returned)),
            Err(panic) => {
                self.end(task, End::Panicked);
                resume_unwind(panic)
            }
        };
        Some(Turn {
            task: id,
            name,
            end,
        })
    }

    /// Gives turns until no task is ready. It does not wait for sleeping tasks.
    ///
    /// # Panics
    ///
    /// As [`turn`](Kernel::turn).
    pub fn run_ready(&mut self) {
        while self.turn().is_some() {}
    }

    /// Runs all tasks to their ends.
    ///
    /// # Errors
    ///
    /// When tasks are left that can never be ready, because they wait for each other.
    ///
    /// # Panics
    ///
    /// As [`turn`](Kernel::turn).
    pub fn run(&mut self) -> Result<(), Stuck> {
        loop {
            self.run_ready();
            if self.tasks.is_empty() {
                return Ok(());
            }
            match self.sleepers.patience() {
                Some(time) => thread::sleep(time),
                None => return Err(self.stuck()),
            }
        }
    }

    /// Ends a task at its present yield, as [`Sys::kill`] does. Returns false if it had ended
    /// before.
    ///
    /// # Panics
    ///
    /// When a destructor of the task does. The task is removed all the same.
    pub fn kill(&mut self, id: TaskId) -> bool {
        let Some(task) = self.tasks.remove(&id) else {
            return false;
        };
        if let Waits::Until(time) = task.waits {
            self.sleepers.remove(id, time);
        }
        self.end(task, End::Killed);
        true
    }

    fn start(&mut self, name: &'static str, frame: Frame) -> TaskId {
        let id = TaskId(self.next);
        self.next += 1;
        self.tasks.insert(id, Task::new(name, frame));
        self.ready.push_back(id);
        id
    }

    /// Handles a task's call, and puts the task back. Returns how it ended, if it did.
    fn answer(&mut self, id: TaskId, mut task: Task, call: Call) -> Option<End> {
        let mut reply = Reply::Done;
        match call {
            Call::Yield => {}
            Call::Id => reply = Reply::Task(id),
            Call::Spawn(name, frame) => reply = Reply::Task(self.start(name, frame)),
            Call::Kill(other) if other == id => return Some(self.end(task, End::Killed)),
            Call::Kill(other) => {
                // Put back first, because the destructors of the other task may panic.
                let there = self.tasks.contains_key(&other);
                self.put_back(id, task, Reply::Was(there));
                self.kill(other);
                return None;
            }
            Call::Sleep(time) => task.waits = Waits::Until(self.sleepers.add(id, time)),
            Call::Wait(other) => {
                // A task that waits for itself waits for ever, and `run` reports it.
                let waiters = match other == id {
                    true => Some(&mut task.waiters),
                    false => self.tasks.get_mut(&other).map(|task| &mut task.waiters),
                };
                match waiters {
                    Some(waiters) => {
                        waiters.push(id);
                        task.waits = Waits::For(other);
                    }
                    None => reply = Reply::Ended(None),
                }
            }
            Call::Enter(_) => unreachable!("Task::run enters"),
        }
        self.put_back(id, task, reply);
        None
    }

    /// Puts a task into the table, and into the ready queue if it does not wait.
    fn put_back(&mut self, id: TaskId, mut task: Task, reply: Reply) {
        if task.waits == Waits::Ready {
            self.ready.push_back(id);
        }
        task.reply = Some(reply);
        self.tasks.insert(id, task);
    }

    fn make_ready(&mut self, id: TaskId, reply: Reply) {
        if let Some(mut task) = self.tasks.remove(&id) {
            task.waits = Waits::Ready;
            self.put_back(id, task, reply);
        }
    }

    /// Drops a task, and tells the tasks that wait for its end. A panic of its destructors
    /// continues after that.
    fn end(&mut self, mut task: Task, end: End) -> End {
        let waiters = std::mem::take(&mut task.waiters);
        let dropped = catch_unwind(AssertUnwindSafe(|| drop(task)));
        let end = match dropped {
            Ok(()) => end,
            Err(_) => End::Panicked,
        };
        for waiter in waiters {
            self.make_ready(waiter, Reply::Ended(Some(end)));
        }
        match dropped {
            Err(panic) if !thread::panicking() => resume_unwind(panic),
            _ => end,
        }
    }

    fn stuck(&self) -> Stuck {
        let name = |id: TaskId| match self.tasks.get(&id) {
            Some(task) => format!("{id} ({})", task.name),
            None => id.to_string(),
        };
        let waits = self.tasks.iter().map(|(&id, task)| match task.waits {
            Waits::For(other) => format!("task {} waits for task {}", name(id), name(other)),
            _ => format!("task {} sleeps by a clock that stands still", name(id)),
        });
        Stuck(waits.collect())
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.tasks()).finish()
    }
}

/// Tasks are left, and none of them can ever run again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deadlock: {}", .0.join("; "))]
pub struct Stuck(Vec<String>);

impl Stuck {
    /// The waits of all tasks, one line each.
    pub fn waits(&self) -> &[String] {
        &self.0
    }
}
