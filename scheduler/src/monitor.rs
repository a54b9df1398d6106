//! A monitor: it records each task's state, and how often and how long the task ran.
//!
//! It watches a task from outside, by wrapping its future or generator. So it works with every
//! scheduler of this room and with other executors. Tasks that are not watched cost nothing. Each
//! run of a watched task costs two looks at the clock.
//!
//! Look at the longest run. While a task runs, all others wait: a run of milliseconds is a blocking
//! call, or computing that should yield.
//!
//! ```
//! use scheduler::executor::{Executor, yield_now};
//! use scheduler::monitor::{Monitor, State};
//!
//! # fn main() -> std::io::Result<()> {
//! let monitor = Monitor::new();
//! let watched = monitor.watch("a task", async {
//!     yield_now().await;
//! });
//! assert_eq!(monitor.tasks()[0].state, State::Ready);
//! Executor::new()?.block_on(watched);
//! let task = &monitor.tasks()[0];
//! assert_eq!((task.state, task.runs), (State::Ended, 2));
//! println!("{monitor}");
//! # Ok(()) }
//! ```

mod woken;

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use event_loop::{Clock, SystemClock};

use crate::executor::waits::Held;
use woken::Woken;

/// The state of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is ready to run.
    Ready,
    /// It runs.
    Running,
    /// It waits to be woken.
    Waiting,
    /// It has ended.
    Ended,
    /// It was dropped before its end.
    Dropped,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            State::Ready => "ready",
            State::Running => "running",
            State::Waiting => "waiting",
            State::Ended => "ended",
            State::Dropped => "dropped",
        })
    }
}

/// The record of a task.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: State,
    /// How many times it ran.
    pub runs: u64,
    /// Its longest run, from one yield to the next.
    pub longest_run: Duration,
    /// How long it ran in all.
    pub busy: Duration,
}

/// Watches tasks. Clones are the same monitor.
///
/// It keeps the tasks that have not ended, and the last [`REMEMBERED`] of those that have. It only
/// [counts](Monitor::forgotten) the ones before.
#[derive(Clone, Debug)]
pub struct Monitor {
    table: Rc<RefCell<Table>>,
    clock: Rc<dyn Clock>,
}

/// How many ended tasks a monitor keeps.
pub const REMEMBERED: usize = 10_000;

#[derive(Debug, Default)]
struct Table {
    /// By number, in the order in which watching began.
    tasks: BTreeMap<u64, Entry>,
    watched: u64,
    ended: VecDeque<u64>,
    forgotten: u64,
}

#[derive(Debug)]
struct Entry {
    task: Task,
    wakes: Option<Wakes>,
}

/// How the monitor learns that a waiting task was woken.
#[derive(Debug)]
enum Wakes {
    /// A task of this room's executor: its waker is used unchanged.
    Own(Held),
    /// A task of another executor: a wrapper around its waker records the wake-up.
    Seen(Arc<Woken>),
}

impl Wakes {
    fn is_woken(&self) -> bool {
        match self {
            Wakes::Own(waker) => waker.is_ready() == Some(true),
            Wakes::Seen(woken) => woken.is_woken(),
        }
    }
}

impl Default for Monitor {
    fn default() -> Self {
        Monitor::new()
    }
}

impl Monitor {
    /// A monitor without tasks.
    pub fn new() -> Monitor {
        Monitor::with_clock(SystemClock)
    }

    /// A monitor that measures by `clock`.
    pub fn with_clock(clock: impl Clock + 'static) -> Monitor {
        Monitor {
            table: Rc::default(),
            clock: Rc::new(clock),
        }
    }

    /// Watches a future.
    pub fn watch<F: Future>(&self, name: impl Into<String>, future: F) -> Watched<F> {
        Watched {
            future: Box::pin(future),
            seat: self.enter(name.into()),
        }
    }

    /// Watches a generator or another iterator. Each item counts as a run.
    pub fn watch_turns<I: Iterator>(&self, name: impl Into<String>, turns: I) -> WatchedTurns<I> {
        WatchedTurns {
            turns,
            seat: self.enter(name.into()),
        }
    }

    /// The records of the tasks that are kept, in the order in which watching began.
    pub fn tasks(&self) -> Vec<Task> {
        let table = self.table.borrow();
        let entries = table.tasks.values().map(|entry| {
            let mut task = entry.task.clone();
            let woken = entry.wakes.as_ref().is_some_and(Wakes::is_woken);
            if task.state == State::Waiting && woken {
                task.state = State::Ready;
            }
            task
        });
        entries.collect()
    }

    /// How many ended tasks are not kept any more.
    pub fn forgotten(&self) -> u64 {
        self.table.borrow().forgotten
    }

    fn enter(&self, name: String) -> Seat {
        let mut table = self.table.borrow_mut();
        let number = table.watched;
        table.watched += 1;
        let entry = Entry {
            task: Task {
                name,
                state: State::Ready,
                runs: 0,
                longest_run: Duration::ZERO,
                busy: Duration::ZERO,
            },
            wakes: None,
        };
        table.tasks.insert(number, entry);
        Seat {
            monitor: self.clone(),
            number,
        }
    }
}

impl fmt::Display for Monitor {
    /// Prints a table.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tasks = self.tasks();
        let longest = tasks.iter().map(|task| task.name.chars().count()).max();
        let width = longest.unwrap_or(0).max("task".len());
        write!(
            f,
            "{:<width$}  {:<7} {:>7} {:>12} {:>12}",
            "task", "state", "runs", "longest run", "busy"
        )?;
        for task in tasks {
            let Task {
                name,
                state,
                runs,
                longest_run,
                busy,
            } = task;
            // Columns of a fixed width, whatever the unit.
            let (longest_run, busy) = (format!("{longest_run:.1?}"), format!("{busy:.1?}"));
            write!(
                f,
                "\n{name:<width$}  {state:<7} {runs:>7} {longest_run:>12} {busy:>12}"
            )?;
        }
        match self.forgotten() {
            0 => Ok(()),
            forgotten => write!(f, "\n(and {forgotten} that ended before)"),
        }
    }
}

/// A task's place in the table. If this is dropped before the task has ended, the task was dropped.
#[derive(Debug)]
struct Seat {
    monitor: Monitor,
    number: u64,
}

impl Seat {
    fn update<T>(&self, change: impl FnOnce(&mut Entry) -> T) -> Option<T> {
        let mut table = self.monitor.table.borrow_mut();
        table.tasks.get_mut(&self.number).map(change)
    }

    /// Runs the task. Records how long that took and the state afterwards.
    fn run<T>(&self, run: impl FnOnce() -> T, then: impl FnOnce(&T) -> State) -> T {
        self.update(|entry| entry.task.state = State::Running);
        let start = self.monitor.clock.now();
        let result = run();
        let ran = self.monitor.clock.now() - start;
        self.update(|Entry { task, .. }| {
            task.state = then(&result);
            task.runs += 1;
            task.busy += ran;
            task.longest_run = task.longest_run.max(ran);
        });
        result
    }

    /// The waker for the next poll, so that wake-ups are recorded.
    fn waker(&self, waker: &Waker) -> Waker {
        let kept = self.update(|entry| match &entry.wakes {
            Some(Wakes::Own(held)) => held.will_wake(waker),
            _ => false,
        });
        if kept == Some(true) {
            return waker.clone();
        }
        let held = Held::new(waker);
        let (old, waker) = match held.is_ready() {
            Some(_) => (self.set_wakes(Wakes::Own(held)), waker.clone()),
            None => {
                let seen = self.update(|entry| match &entry.wakes {
                    Some(Wakes::Seen(woken)) => Arc::clone(woken),
                    _ => Arc::default(),
                });
                let seen = seen.unwrap_or_default();
                seen.before_poll(waker);
                let waker = Waker::from(Arc::clone(&seen));
                (self.set_wakes(Wakes::Seen(seen)), waker)
            }
        };
        // This may call foreign code, so the table must not be borrowed here.
        drop(old);
        waker
    }

    fn set_wakes(&self, wakes: Wakes) -> Option<Wakes> {
        self.update(|entry| entry.wakes.replace(wakes)).flatten()
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let wakes = self.update(|entry| {
            if entry.task.state != State::Ended {
                entry.task.state = State::Dropped;
            }
            entry.wakes.take()
        });
        let mut table = self.monitor.table.borrow_mut();
        table.ended.push_back(self.number);
        if table.ended.len() > REMEMBERED
            && let Some(oldest) = table.ended.pop_front()
        {
            table.tasks.remove(&oldest);
            table.forgotten += 1;
        }
        drop(table);
        drop(wakes);
    }
}

/// A watched future.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Watched<F> {
    future: Pin<Box<F>>,
    seat: Seat,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        let waker = this.seat.waker(context.waker());
        let future = this.future.as_mut();
        this.seat.run(
            || future.poll(&mut Context::from_waker(&waker)),
            |polled| match polled {
                Poll::Ready(_) => State::Ended,
                Poll::Pending => State::Waiting,
            },
        )
    }
}

impl<F> fmt::Debug for Watched<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Watched")
    }
}

/// A watched generator.
#[derive(Debug)]
pub struct WatchedTurns<I> {
    turns: I,
    seat: Seat,
}

impl<I: Iterator> Iterator for WatchedTurns<I> {
    type Item = I::Item;

    fn next(&mut self) -> Option<I::Item> {
        let turns = &mut self.turns;
        self.seat.run(
            || turns.next(),
            |item| match item {
                Some(_) => State::Ready,
                None => State::Ended,
            },
        )
    }
}

#[cfg(all(test, not(loom)))]
mod tests;
