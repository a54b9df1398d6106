//! What tasks do: which there are, what they wait for, how often and how long they run.
//!
//! A monitor watches those tasks that it is asked to, from outside: it wraps the future or the
//! generator, and works with every scheduler of this room and with other people's executors. Tasks
//! that are not watched pay nothing for it; one that is costs two looks at the clock for each run.
//!
//! The column to look at is the longest run. While a task runs, all others stand still: a run of
//! milliseconds is a blocking call, or computing that should yield.
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

use std::cell::RefCell;
use std::fmt;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use event_loop::{Clock, SystemClock};

/// How a task stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It wants to run.
    Ready,
    /// It runs.
    Running,
    /// It waits to be woken.
    Waiting,
    /// It came to its end.
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

/// What a task has done so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub state: State,
    /// How often it ran.
    pub runs: u64,
    /// The longest that it ran without letting others run.
    pub longest_run: Duration,
    /// How long it ran in all.
    pub busy: Duration,
}

/// Watches tasks; clones are the same monitor. It remembers all it has watched.
#[derive(Clone, Debug)]
pub struct Monitor {
    tasks: Rc<RefCell<Vec<Entry>>>,
    clock: Rc<dyn Clock>,
}

#[derive(Debug)]
struct Entry {
    task: Task,
    woken: Option<Arc<Woken>>,
}

impl Default for Monitor {
    fn default() -> Self {
        Monitor::new()
    }
}

impl Monitor {
    /// Watches nobody yet.
    pub fn new() -> Monitor {
        Monitor::with_clock(SystemClock)
    }

    /// Measures by `clock`.
    pub fn with_clock(clock: impl Clock + 'static) -> Monitor {
        Monitor {
            tasks: Rc::default(),
            clock: Rc::new(clock),
        }
    }

    /// Watches a future.
    pub fn watch<F: Future>(&self, name: impl Into<String>, future: F) -> Watched<F> {
        let woken = Arc::new(Woken::default());
        Watched {
            future: Box::pin(future),
            seat: self.enter(name.into(), Some(Arc::clone(&woken))),
            woken,
        }
    }

    /// Watches the turns of a generator, or of another iterator.
    pub fn watch_turns<I: Iterator>(&self, name: impl Into<String>, turns: I) -> WatchedTurns<I> {
        WatchedTurns {
            turns,
            seat: self.enter(name.into(), None),
        }
    }

    /// What all have done so far, in the order in which they came to be watched.
    pub fn tasks(&self) -> Vec<Task> {
        let tasks = self.tasks.borrow();
        let entries = tasks.iter().map(|entry| {
            let mut task = entry.task.clone();
            let woken = entry.woken.as_ref().is_some_and(|woken| woken.is_woken());
            if task.state == State::Waiting && woken {
                task.state = State::Ready;
            }
            task
        });
        entries.collect()
    }

    fn enter(&self, name: String, woken: Option<Arc<Woken>>) -> Seat {
        let mut tasks = self.tasks.borrow_mut();
        tasks.push(Entry {
            task: Task {
                name,
                state: State::Ready,
                runs: 0,
                longest_run: Duration::ZERO,
                busy: Duration::ZERO,
            },
            woken,
        });
        Seat {
            monitor: self.clone(),
            place: tasks.len() - 1,
        }
    }
}

impl fmt::Display for Monitor {
    /// A table.
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
            // Of a fixed width, whatever the unit.
            let (longest_run, busy) = (format!("{longest_run:.1?}"), format!("{busy:.1?}"));
            write!(
                f,
                "\n{name:<width$}  {state:<7} {runs:>7} {longest_run:>12} {busy:>12}"
            )?;
        }
        Ok(())
    }
}

/// A task's place in the table; leaving it without an end is being dropped.
#[derive(Debug)]
struct Seat {
    monitor: Monitor,
    place: usize,
}

impl Seat {
    fn update(&self, change: impl FnOnce(&mut Task)) {
        change(&mut self.monitor.tasks.borrow_mut()[self.place].task);
    }

    /// Runs the task, and notes how long that took and how it stands then.
    fn run<T>(&self, run: impl FnOnce() -> T, then: impl FnOnce(&T) -> State) -> T {
        self.update(|task| task.state = State::Running);
        let start = self.monitor.clock.now();
        let result = run();
        let ran = self.monitor.clock.now() - start;
        self.update(|task| {
            task.state = then(&result);
            task.runs += 1;
            task.busy += ran;
            task.longest_run = task.longest_run.max(ran);
        });
        result
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.update(|task| {
            if task.state != State::Ended {
                task.state = State::Dropped;
            }
        });
    }
}

/// A future that is watched.
#[must_use = "futures do nothing unless they are awaited"]
pub struct Watched<F> {
    future: Pin<Box<F>>,
    seat: Seat,
    woken: Arc<Woken>,
}

impl<F: Future> Future for Watched<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        this.woken.before_poll(context.waker());
        let waker = Waker::from(Arc::clone(&this.woken));
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

/// A generator that is watched.
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

/// Stands between a task and its waker, and sees whether it is used.
#[derive(Debug, Default)]
struct Woken {
    woken: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Woken {
    fn before_poll(&self, waker: &Waker) {
        self.woken.store(false, Ordering::Release);
        let mut kept = self.waker.lock().unwrap_or_else(PoisonError::into_inner);
        if !kept.as_ref().is_some_and(|kept| kept.will_wake(waker)) {
            let old = kept.replace(waker.clone());
            drop(kept);
            drop(old);
        }
    }

    fn is_woken(&self) -> bool {
        self.woken.load(Ordering::Acquire)
    }
}

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken.store(true, Ordering::Release);
        let waker = self
            .waker
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone();
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use crate::executor::{Executor, sleep, yield_now};
    use event_loop::FakeClock;

    #[test]
    fn the_longest_run_is_the_one_that_others_had_to_wait_for() {
        let clock = FakeClock::new();
        let monitor = Monitor::with_clock(clock.clone());
        let mut milliseconds = [1, 5, 2].into_iter();
        let turning = clock.clone();
        let turns = std::iter::from_fn(move || {
            let milliseconds = milliseconds.next()?;
            turning.advance(Duration::from_millis(milliseconds));
            Some(())
        });
        assert_eq!(monitor.watch_turns("turns", turns).count(), 3);
        let task = &monitor.tasks()[0];
        assert_eq!((task.runs, task.state), (4, State::Ended));
        assert_eq!(task.longest_run, Duration::from_millis(5));
        assert_eq!(task.busy, Duration::from_millis(8));
        assert!(monitor.to_string().contains("5.0ms"), "{monitor}");
    }

    #[test]
    fn it_tells_how_tasks_stand() {
        let clock = FakeClock::new();
        let executor = Executor::with_clock(clock.clone()).unwrap();
        let monitor = Monitor::with_clock(clock.clone());
        let states = || {
            monitor
                .tasks()
                .iter()
                .map(|task| task.state)
                .collect::<Vec<_>>()
        };
        let watch = monitor.clone();
        let sleeper = executor.spawn(monitor.watch("sleeper", sleep(Duration::from_secs(1))));
        let asker = executor.spawn(monitor.watch("asker", async move {
            let state = watch.tasks()[1].state;
            yield_now().await;
            state
        }));
        assert_eq!(states(), [State::Ready, State::Ready]);
        executor.run_pending();
        assert_eq!(states(), [State::Waiting, State::Ended]);
        assert_eq!(executor.block_on(asker).unwrap(), State::Running);
        sleeper.abort();
        assert_eq!(states(), [State::Dropped, State::Ended]);
    }
}
