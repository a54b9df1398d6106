//! A thread of a team, and the state that the team shares.

use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::barrier::{Barrier, Broken, Meeting};
use super::handout::{Handout, Turns};
use super::locks::{self, Guard};
use super::ordered::Order;
use super::panics;
use super::reductions::Reductions;
use super::{Schedule, Settings};

/// The state that the threads of a team share.
pub(super) struct Team {
    size: usize,
    depth: Depth,
    settings: Settings,
    barrier: Barrier,
    aborted: AtomicBool,
    /// Loops under way with a dynamic or guided schedule, by their number in program order.
    loops: Mutex<HashMap<usize, Handout>>,
    /// Ordered loops under way, likewise, and how many threads have reached each.
    orders: Mutex<HashMap<usize, (Arc<Order>, usize)>>,
    /// How many `single` blocks have been assigned to a thread.
    singles: AtomicUsize,
    reductions: Reductions,
}

/// The number of regions around a thread.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Depth {
    /// All regions.
    pub(super) level: usize,
    /// The regions with more than one thread.
    pub(super) active: usize,
}

impl Team {
    pub(super) fn new(size: usize, depth: Depth, settings: Settings) -> Team {
        Team {
            size,
            depth,
            settings,
            barrier: Barrier::new(size),
            aborted: AtomicBool::new(false),
            loops: Mutex::default(),
            orders: Mutex::default(),
            singles: AtomicUsize::new(0),
            reductions: Reductions::new(size),
        }
    }

    pub(super) fn size(&self) -> usize {
        self.size
    }

    pub(super) fn depth(&self) -> Depth {
        self.depth
    }

    pub(super) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Relaxed)
    }

    pub(super) fn leave(&self) {
        self.barrier.leave();
    }

    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Relaxed);
        self.barrier.abort();
    }

    /// The schedule in `OMP_SCHEDULE`.
    pub(super) fn schedule(&self) -> Option<Schedule> {
        self.settings.schedule()
    }

    /// The record of the loop with that number. The first thread that reaches it creates it by
    /// `begin`.
    pub(super) fn handout(&self, number: usize, begin: impl FnOnce() -> Handout) -> Arc<Turns> {
        let mut loops = self.loops.lock().unwrap_or_else(PoisonError::into_inner);
        let handout = loops.entry(number).or_insert_with(begin);
        let turns = Arc::clone(&handout.turns);
        handout.come += 1;
        if handout.come == self.size {
            loops.remove(&number);
        }
        turns
    }

    /// The order of the ordered loop with that number.
    pub(super) fn order(&self, number: usize) -> Arc<Order> {
        let mut orders = self.orders.lock().unwrap_or_else(PoisonError::into_inner);
        let (order, come) = orders.entry(number).or_default();
        let order = Arc::clone(order);
        *come += 1;
        if *come == self.size {
            orders.remove(&number);
        }
        order
    }
}

/// A thread of a team: the argument of a region's body.
///
/// All threads must reach the same loops, `single`s, barriers and reductions in the same order, as
/// in OpenMP.
pub struct Thread<'t> {
    pub(super) team: &'t Team,
    pub(super) number: usize,
    /// How many locks are held by the threads that wait for this team.
    around: usize,
    /// How many dynamic or guided loops, ordered loops and `single`s this thread has reached. They
    /// are cells, so that a body can't lend this thread's handle to another thread.
    pub(super) loops: Cell<usize>,
    pub(super) ordered_loops: Cell<usize>,
    singles: Cell<usize>,
}

impl fmt::Debug for Thread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thread({} of {})", self.number, self.team.size)
    }
}

impl<'t> Thread<'t> {
    pub(super) fn new(team: &'t Team, number: usize, around: usize) -> Thread<'t> {
        Thread {
            team,
            number,
            around,
            loops: Cell::new(0),
            ordered_loops: Cell::new(0),
            singles: Cell::new(0),
        }
    }

    /// The number of this thread in the team. Thread 0 is the caller of the region.
    pub fn thread_num(&self) -> usize {
        self.number
    }

    /// The number of threads of the team.
    pub fn num_threads(&self) -> usize {
        self.team.size
    }

    /// The number of regions around this thread, including those with one thread.
    pub fn level(&self) -> usize {
        self.team.depth.level
    }

    /// The number of regions with more than one thread around this thread.
    pub fn active_level(&self) -> usize {
        self.team.depth.active
    }

    /// Waits until all threads of the team are here.
    ///
    /// # Panics
    /// If a thread has reached the end of the region instead, or a different kind of meeting; or
    /// inside `critical`, which the other threads would have to enter first.
    #[track_caller]
    pub fn barrier(&self) {
        self.meet(Meeting::Barrier);
    }

    #[track_caller]
    fn meet(&self, what: Meeting) {
        let thread = self.number;
        assert!(
            !locks::holds_more_than(self.around),
            "thread {thread} is at a {what} in critical, where the others can't come"
        );
        match self.team.barrier.wait(what) {
            Ok(()) => {}
            Err(Broken::Aborted) => panics::abort(),
            Err(Broken::Deserted) => {
                panic!("a thread of the team ended without coming to this {what}")
            }
            Err(Broken::Elsewhere(other)) => {
                panic!("thread {thread} is at a {what}, another at a {other}")
            }
        }
    }

    /// Runs `work` on the thread that comes first, while the others wait. Only that thread gets the
    /// result.
    ///
    /// # Panics
    /// As [`barrier`](Thread::barrier).
    #[track_caller]
    pub fn single<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let result = self.single_nowait(work);
        self.meet(Meeting::Single);
        result
    }

    /// Runs `work` on the thread that comes first. The others do not wait.
    pub fn single_nowait<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let number = self.singles.replace(self.singles.get() + 1);
        let singles = &self.team.singles;
        singles
            .compare_exchange(number, number + 1, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
            .map(|_| work())
    }

    /// Runs `work` on thread 0. The others do not wait.
    pub fn master<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        (self.number == 0).then(work)
    }

    /// Runs `work` while no other thread is in `critical`: none in the whole program, in any team,
    /// as in OpenMP.
    ///
    /// # Panics
    /// Inside itself, and in a region inside itself. OpenMP would hang there.
    #[track_caller]
    pub fn critical<R>(&self, work: impl FnOnce() -> R) -> R {
        let _guard = self.lock();
        work()
    }

    /// Like `critical`, for one name: independent of other names, and of `critical` without a name.
    ///
    /// # Panics
    /// As [`critical`](Thread::critical).
    #[track_caller]
    pub fn critical_named<R>(&self, name: &'static str, work: impl FnOnce() -> R) -> R {
        let _guard = Guard::named(name, self.number);
        self.go_on();
        work()
    }

    /// Takes the lock of `critical`, until the guard is dropped.
    ///
    /// # Panics
    /// If this thread holds the lock already, or a thread that waits for its team does.
    #[track_caller]
    pub fn lock(&self) -> Guard<'t> {
        let guard = Guard::unnamed(self.number);
        self.go_on();
        guard
    }

    /// Ends this thread's part if another thread panicked while this one waited.
    fn go_on(&self) {
        if self.team.is_aborted() {
            panics::abort();
        }
    }

    /// Combines the values of all threads in the order of their numbers, and returns the result to
    /// all of them. The result does not depend on which thread came first. Floating-point sums are
    /// the same every time if each thread's value is: under a static schedule, but not under a
    /// dynamic or guided one.
    ///
    /// # Panics
    /// As [`barrier`](Thread::barrier), or if another thread gives a value of another type.
    #[track_caller]
    pub fn reduce<T>(&self, value: T, combine: impl Fn(T, T) -> T) -> T
    where
        T: Clone + Send + 'static,
    {
        let reductions = &self.team.reductions;
        reductions.give(self.number, value);
        self.meet(Meeting::Reduction);
        if self.number == 0 {
            reductions.combine(combine);
        }
        self.meet(Meeting::Reduction);
        reductions.result()
    }
}
