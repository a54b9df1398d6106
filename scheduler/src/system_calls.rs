//! Step 3. A task yields a request, and the scheduler answers it: system calls.
//!
//! So far a yield said "others may run". Here it says what the task wants, as a trap does in an
//! operating system: its own id, a new task, to wait for another, to kill it, to sleep. The
//! scheduler has become a kernel, and a task sees nothing of it but [`Sys`]. After David Beazley's
//! *A Curious Course on Coroutines and Concurrency* (2009).
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
//! # Calls within calls
//!
//! An `async fn` may await another, and the compiler makes one state machine of both. What it
//! cannot do is recursion without bounds: each level would be polled through all those above it,
//! on the thread's stack. [`Sys::call`] is the scheduler's own call stack instead: the caller is put
//! aside, the callee runs in its place, and its result is the answer. That is a trampoline, and its
//! depth costs memory only.

use std::any::Any;
use std::cell::Cell;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::rc::Rc;
use std::thread;
use std::time::{Duration, Instant};

use event_loop::{Clock, SystemClock};

use crate::generator::{Co, Generator, coroutine};

/// The deepest that calls within calls may go: what runs away stops before it has eaten the memory.
pub const MAX_DEPTH: usize = 1_000_000;

/// A sleep without end is a hundred years: an `Instant` cannot count much further.
const LONGEST_SLEEP: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// The number of a task; none is given twice.
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
    /// It came to its end.
    Returned,
    /// Another killed it, or it did so itself.
    Killed,
    /// It panicked.
    Panicked,
}

/// What a task asks for.
enum Call {
    Yield,
    Id,
    Spawn(&'static str, Frame),
    Wait(TaskId),
    Kill(TaskId),
    Sleep(Duration),
    Enter(Frame),
}

/// What the kernel answers.
enum Reply {
    Done,
    Task(TaskId),
    Was(bool),
    Ended(Option<End>),
}

/// One level of a task's calls.
type Frame = Generator<Call, Reply, Pin<Box<dyn Future<Output = ()>>>>;

fn frame<F>(body: impl FnOnce(Sys) -> F) -> Frame
where
    F: Future<Output = ()> + 'static,
{
    coroutine(|co| Box::pin(body(Sys { co })) as Pin<Box<dyn Future<Output = ()>>>)
}

/// What a task sees of the kernel: its system calls. Each ends the task's turn, but for
/// [`call`](Sys::call).
#[derive(Debug)]
pub struct Sys {
    co: Co<Call, Reply>,
}

impl Sys {
    /// Lets the others run.
    pub async fn yield_now(&self) {
        self.co.yield_(Call::Yield).await;
    }

    /// This task's own id.
    pub async fn id(&self) -> TaskId {
        match self.co.yield_(Call::Id).await {
            Reply::Task(id) => id,
            _ => unreachable!("the answer to Id is a task"),
        }
    }

    /// Starts another task.
    pub async fn spawn<F>(&self, name: &'static str, body: impl FnOnce(Sys) -> F) -> TaskId
    where
        F: Future<Output = ()> + 'static,
    {
        match self.co.yield_(Call::Spawn(name, frame(body))).await {
            Reply::Task(id) => id,
            _ => unreachable!("the answer to Spawn is a task"),
        }
    }

    /// Waits until a task has ended, and tells how; `None` at once if it had ended before.
    pub async fn wait(&self, task: TaskId) -> Option<End> {
        match self.co.yield_(Call::Wait(task)).await {
            Reply::Ended(end) => end,
            _ => unreachable!("the answer to Wait is an end"),
        }
    }

    /// Ends a task where it stands: its destructors run. False if it had ended before.
    ///
    /// Killing oneself does not return.
    pub async fn kill(&self, task: TaskId) -> bool {
        match self.co.yield_(Call::Kill(task)).await {
            Reply::Was(there) => there,
            _ => unreachable!("the answer to Kill is yes or no"),
        }
    }

    /// Lets the others run, for this long at least.
    pub async fn sleep(&self, time: Duration) {
        self.co.yield_(Call::Sleep(time)).await;
    }

    /// Runs `body` in this task's place, and resolves to its result; see the [module](self). The
    /// turn goes on.
    ///
    /// # Panics
    ///
    /// If calls are nested over [`MAX_DEPTH`] deep.
    ///
    /// # Examples
    ///
    /// ```
    /// use scheduler::system_calls::{Kernel, Sys};
    ///
    /// async fn depth(sys: Sys, levels: u64) -> u64 {
    ///     match levels {
    ///         0 => 0,
    ///         levels => 1 + sys.call(move |sys| depth(sys, levels - 1)).await,
    ///     }
    /// }
    ///
    /// let mut kernel = Kernel::new();
    /// kernel.spawn("deep", |sys| async {
    ///     assert_eq!(depth(sys, 10_000).await, 10_000);
    /// });
    /// kernel.run()?;
    /// # Ok::<(), scheduler::system_calls::Stuck>(())
    /// ```
    pub async fn call<T, F>(&self, body: impl FnOnce(Sys) -> F + 'static) -> T
    where
        T: 'static,
        F: Future<Output = T> + 'static,
    {
        let result = Rc::new(Cell::new(None));
        let returned = Rc::clone(&result);
        let callee = frame(|sys| async move { returned.set(Some(body(sys).await)) });
        self.co.yield_(Call::Enter(callee)).await;
        match result.take() {
            Some(result) => result,
            None => unreachable!("a caller goes on when its callee has returned"),
        }
    }
}

struct Task {
    name: &'static str,
    /// Its calls, the innermost last.
    stack: Vec<Frame>,
    /// The answer to its last call; `None` before its first turn.
    reply: Option<Reply>,
    /// Those who wait for its end.
    waiters: Vec<TaskId>,
    waits_for: Option<TaskId>,
}

impl Drop for Task {
    fn drop(&mut self) {
        // The innermost first, as functions return.
        while self.stack.pop().is_some() {}
    }
}

/// A turn that a task has had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Whose.
    pub task: TaskId,
    /// Its name.
    pub name: &'static str,
    /// How it ended, if it was the last one.
    pub end: Option<End>,
}

/// The scheduler that answers system calls.
pub struct Kernel {
    tasks: BTreeMap<TaskId, Task>,
    /// Tasks that have been killed meanwhile are passed over.
    ready: VecDeque<TaskId>,
    sleeping: BinaryHeap<Reverse<(Instant, TaskId)>>,
    next: u64,
    clock: Box<dyn Clock>,
}

impl Default for Kernel {
    fn default() -> Self {
        Kernel::new()
    }
}

impl Kernel {
    /// A kernel that lives in real time.
    pub fn new() -> Kernel {
        Kernel::with_clock(SystemClock)
    }

    /// A kernel that lives by `clock`.
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
            sleeping: BinaryHeap::new(),
            next: 0,
            clock: Box::new(clock),
        }
    }

    /// Adds a task; its first turn comes after those of all who are ready.
    pub fn spawn<F>(&mut self, name: &'static str, body: impl FnOnce(Sys) -> F) -> TaskId
    where
        F: Future<Output = ()> + 'static,
    {
        self.start(name, frame(body))
    }

    /// Those who have not ended, with their names.
    pub fn tasks(&self) -> impl Iterator<Item = (TaskId, &'static str)> {
        self.tasks.iter().map(|(&id, task)| (id, task.name))
    }

    /// Gives the next task its turn; `None` when nobody is ready.
    ///
    /// # Panics
    ///
    /// When the task does. It is gone then, those who waited for it are told, and the kernel goes
    /// on with the others.
    pub fn turn(&mut self) -> Option<Turn> {
        self.wake_sleepers();
        let (id, mut task) = loop {
            let id = self.ready.pop_front()?;
            // Out of the table while it runs: what it calls may change the table.
            if let Some(task) = self.tasks.remove(&id) {
                break (id, task);
            }
        };
        let name = task.name;
        let end = match catch_unwind(AssertUnwindSafe(|| run(&mut task))) {
            Err(panic) => {
                self.tell_waiters(&mut task, End::Panicked);
                self.drop_then_resume(task, panic)
            }
            Ok(None) => Some((task, End::Returned)),
            Ok(Some(call)) => self.answer(id, task, call),
        };
        let end = end.map(|(mut task, end)| {
            self.tell_waiters(&mut task, end);
            end
        });
        Some(Turn {
            task: id,
            name,
            end,
        })
    }

    /// Gives turns until nobody is ready; those who sleep are not waited for.
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
    /// When there are tasks left and none of them will ever be ready, because they wait for one
    /// another.
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
            let next = self.sleeping.peek().map(|&Reverse((at, _))| at);
            match next.and_then(|at| self.clock.until(at)) {
                Some(time) => thread::sleep(time),
                None => return Err(self.stuck()),
            }
        }
    }

    fn start(&mut self, name: &'static str, frame: Frame) -> TaskId {
        let id = TaskId(self.next);
        self.next += 1;
        let task = Task {
            name,
            stack: vec![frame],
            reply: None,
            waiters: Vec::new(),
            waits_for: None,
        };
        self.tasks.insert(id, task);
        self.ready.push_back(id);
        id
    }

    /// Does what a task asks for, and puts it back; unless that was its end.
    fn answer(&mut self, id: TaskId, mut task: Task, call: Call) -> Option<(Task, End)> {
        let mut reply = Reply::Done;
        match call {
            Call::Yield => {}
            Call::Id => reply = Reply::Task(id),
            Call::Spawn(name, frame) => reply = Reply::Task(self.start(name, frame)),
            Call::Kill(other) if other == id => return Some((task, End::Killed)),
            Call::Kill(other) => reply = Reply::Was(self.kill(other)),
            Call::Sleep(time) => {
                let at = self.clock.now() + time.min(LONGEST_SLEEP);
                self.sleeping.push(Reverse((at, id)));
                task.reply = Some(reply);
                self.tasks.insert(id, task);
                return None;
            }
            Call::Wait(other) => {
                // One who waits for itself waits for ever, and is told so by `run`.
                let waiters = match other == id {
                    true => Some(&mut task.waiters),
                    false => self.tasks.get_mut(&other).map(|task| &mut task.waiters),
                };
                if let Some(waiters) = waiters {
                    waiters.push(id);
                    task.waits_for = Some(other);
                    self.tasks.insert(id, task);
                    return None;
                }
                reply = Reply::Ended(None);
            }
            Call::Enter(_) => unreachable!("run() enters"),
        }
        task.reply = Some(reply);
        self.tasks.insert(id, task);
        self.ready.push_back(id);
        None
    }

    /// Ends a task where it stands, as [`Sys::kill`] does; false if it had ended before.
    pub fn kill(&mut self, id: TaskId) -> bool {
        let Some(mut task) = self.tasks.remove(&id) else {
            return false;
        };
        self.tell_waiters(&mut task, End::Killed);
        true
    }

    fn tell_waiters(&mut self, task: &mut Task, end: End) {
        for waiter in task.waiters.drain(..) {
            if let Some(task) = self.tasks.get_mut(&waiter) {
                task.reply = Some(Reply::Ended(Some(end)));
                task.waits_for = None;
                self.ready.push_back(waiter);
            }
        }
    }

    fn drop_then_resume(&self, task: Task, panic: Box<dyn Any + Send>) -> ! {
        drop(task);
        resume_unwind(panic)
    }

    fn wake_sleepers(&mut self) {
        if self.sleeping.is_empty() {
            return;
        }
        let now = self.clock.now();
        while let Some(&Reverse((at, id))) = self.sleeping.peek() {
            if at > now {
                break;
            }
            self.sleeping.pop();
            self.ready.push_back(id);
        }
    }

    fn stuck(&self) -> Stuck {
        let name = |id: TaskId| match self.tasks.get(&id) {
            Some(task) => format!("{id} ({})", task.name),
            None => id.to_string(),
        };
        let waits = self.tasks.iter().map(|(&id, task)| match task.waits_for {
            Some(other) => format!("task {} waits for task {}", name(id), name(other)),
            None => format!("task {} sleeps by a clock that stands still", name(id)),
        });
        Stuck(waits.collect())
    }
}

/// Runs a task until it wants something of the kernel; `None` when it has ended.
fn run(task: &mut Task) -> Option<Call> {
    loop {
        let frame = task.stack.last_mut()?;
        let call = match task.reply.take() {
            Some(reply) => frame.send(reply),
            None => frame.start(),
        };
        match call {
            Some(Call::Enter(frame)) => {
                assert!(task.stack.len() < MAX_DEPTH, "calls over {MAX_DEPTH} deep");
                task.stack.push(frame);
            }
            Some(call) => return Some(call),
            None => {
                task.stack.pop();
                task.reply = Some(Reply::Done);
            }
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.tasks()).finish()
    }
}

/// Tasks are left, and none of them can ever go on.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("deadlock: {}", .0.join("; "))]
pub struct Stuck(Vec<String>);

impl Stuck {
    /// Who waits for what, a line for each task.
    pub fn waits(&self) -> &[String] {
        &self.0
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use event_loop::FakeClock;
    use std::cell::RefCell;

    type Log = Rc<RefCell<Vec<&'static str>>>;

    /// Counts the calls that are under way.
    struct Level(Rc<Cell<i32>>);

    impl Level {
        fn new(levels: &Rc<Cell<i32>>) -> Level {
            levels.update(|levels| levels + 1);
            Level(Rc::clone(levels))
        }
    }

    impl Drop for Level {
        fn drop(&mut self) {
            self.0.update(|levels| levels - 1);
        }
    }

    #[test]
    fn a_task_knows_itself_and_waits_for_its_child() {
        let log = Log::default();
        let mut kernel = Kernel::new();
        let seen = Rc::clone(&log);
        let parent = kernel.spawn("parent", |sys| async move {
            let me = sys.id().await;
            let log = Rc::clone(&seen);
            let child = sys.spawn("child", |sys| async move {
                assert!(sys.id().await > me);
                log.borrow_mut().push("child");
            });
            let child = child.await;
            assert_eq!(sys.wait(child).await, Some(End::Returned));
            assert_eq!(sys.wait(child).await, None);
            assert!(!sys.kill(child).await);
            seen.borrow_mut().push("parent");
        });
        assert!(kernel.tasks().eq([(parent, "parent")]));
        kernel.run().unwrap();
        assert_eq!(*log.borrow(), ["child", "parent"]);
    }

    /// Sleeps, waits, and makes calls within calls: eight turns in all.
    async fn victim(sys: Sys, levels: Rc<Cell<i32>>, other: TaskId) {
        let _level = Level::new(&levels);
        sys.yield_now().await;
        let inner = Rc::clone(&levels);
        sys.call(move |sys| async move {
            let _level = Level::new(&inner);
            sys.yield_now().await;
            let innermost = Rc::clone(&inner);
            sys.call(move |sys| async move {
                let _level = Level::new(&innermost);
                sys.id().await;
                sys.sleep(Duration::from_secs(1)).await;
            })
            .await;
            sys.yield_now().await;
        })
        .await;
        sys.wait(other).await;
        sys.yield_now().await;
    }

    #[test]
    fn a_task_may_be_killed_at_every_yield() {
        let mut turns_seen = 0;
        for turns in 0.. {
            let clock = FakeClock::new();
            let mut kernel = Kernel::with_clock(clock.clone());
            let levels = Rc::new(Cell::new(0));
            let other = kernel.spawn("other", |sys| async move {
                sys.sleep(Duration::from_secs(2)).await;
            });
            let held = Rc::clone(&levels);
            let victim = kernel.spawn("victim", move |sys| victim(sys, held, other));
            let mut ended = None;
            for _ in 0..turns {
                clock.advance(Duration::from_secs(1));
                while let Some(turn) = kernel.turn() {
                    if turn.task == victim {
                        ended = turn.end;
                        break;
                    }
                }
            }
            assert_eq!(kernel.kill(victim), ended.is_none());
            assert_eq!(levels.get(), 0, "after {turns} turns");
            assert!(kernel.tasks().all(|(id, _)| id == other));
            if ended.is_some() {
                turns_seen = turns;
                break;
            }
        }
        assert_eq!(turns_seen, 8);
    }

    #[test]
    fn killing_tells_those_who_wait_and_killing_oneself_is_an_end() {
        let mut kernel = Kernel::new();
        let suicide = kernel.spawn("suicide", |sys| async move {
            sys.yield_now().await;
            let me = sys.id().await;
            sys.kill(me).await;
            unreachable!("dead");
        });
        kernel.spawn("mourner", move |sys| async move {
            assert_eq!(sys.wait(suicide).await, Some(End::Killed));
        });
        kernel.run().unwrap();
    }

    #[test]
    fn a_panic_costs_its_task_and_is_told() {
        let mut kernel = Kernel::new();
        let bad = kernel.spawn("bad", |sys| async move {
            sys.call(|_| async { panic!("expected") }).await
        });
        let told = Rc::new(Cell::new(None));
        let tell = Rc::clone(&told);
        kernel.spawn(
            "good",
            move |sys| async move { tell.set(sys.wait(bad).await) },
        );
        // Its turn comes first, so nobody waits yet when it panics.
        assert!(catch_unwind(AssertUnwindSafe(|| kernel.run_ready())).is_err());
        kernel.run().unwrap();
        assert_eq!((told.get(), kernel.tasks().count()), (None, 0));
    }

    #[test]
    fn sleepers_wake_in_the_order_of_their_time() {
        let clock = FakeClock::new();
        let mut kernel = Kernel::with_clock(clock.clone());
        let log = Log::default();
        for (name, seconds) in [("c", 3), ("a", 1), ("b", 2), ("never", u64::MAX)] {
            let log = Rc::clone(&log);
            kernel.spawn(name, move |sys| async move {
                sys.sleep(Duration::from_secs(seconds)).await;
                log.borrow_mut().push(name);
            });
        }
        kernel.run_ready();
        assert!(log.borrow().is_empty());
        clock.advance(Duration::from_secs(1));
        kernel.run_ready();
        assert_eq!(*log.borrow(), ["a"]);
        clock.advance(Duration::from_secs(5));
        kernel.run_ready();
        assert_eq!(*log.borrow(), ["a", "b", "c"]);
        let stuck = kernel.run().unwrap_err().to_string();
        assert_eq!(
            stuck,
            "deadlock: task 3 (never) sleeps by a clock that stands still"
        );
    }

    #[test]
    fn those_who_wait_for_one_another_are_named() {
        let mut kernel = Kernel::new();
        let first = kernel.spawn("first", |sys| async move {
            // The next task's id, as tasks are numbered.
            let me = sys.id().await;
            sys.wait(TaskId(me.0 + 1)).await;
        });
        kernel.spawn("second", move |sys| async move {
            sys.wait(first).await;
        });
        let stuck = kernel.run().unwrap_err();
        assert_eq!(
            stuck.waits(),
            [
                "task 0 (first) waits for task 1 (second)",
                "task 1 (second) waits for task 0 (first)"
            ]
        );
    }

    #[test]
    fn calls_within_calls_cost_no_stack_and_are_dropped_from_within() {
        const DEPTH: i32 = 100_000;
        async fn down(sys: Sys, levels: Rc<Cell<i32>>, left: i32) {
            let _level = Level::new(&levels);
            if left > 1 {
                sys.call(move |sys| down(sys, levels, left - 1)).await;
            } else {
                sys.yield_now().await;
            }
        }
        for killed in [false, true] {
            let mut kernel = Kernel::new();
            let levels = Rc::new(Cell::new(0));
            let held = Rc::clone(&levels);
            kernel.spawn("deep", move |sys| down(sys, held, DEPTH));
            kernel.turn().unwrap();
            assert_eq!(levels.get(), DEPTH);
            match killed {
                true => drop(kernel),
                false => kernel.run().unwrap(),
            }
            assert_eq!(levels.get(), 0);
        }
    }
}
