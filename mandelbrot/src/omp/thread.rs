//! A thread of a team, and what it shares with the others.

use std::any::Any;
use std::cell::Cell;
use std::collections::HashMap;
use std::fmt;
use std::ops::Range;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::barrier::{Barrier, Broken};
use super::panics;
use super::{Schedule, Settings};

/// What the threads of a team share.
pub(super) struct Team {
    size: usize,
    level: usize,
    settings: Settings,
    barrier: Barrier,
    aborted: AtomicBool,
    /// Loops under way whose turns are handed out, by their number in program order.
    loops: Mutex<HashMap<usize, Handout>>,
    /// How many `single`s have found their thread.
    singles: AtomicUsize,
    critical: Mutex<()>,
    /// Which thread is in `critical`, plus 1.
    holder: AtomicUsize,
    /// What each thread gave to a reduction, and what came of it.
    given: Mutex<Vec<Option<Box<dyn Any + Send>>>>,
    reduced: Mutex<Option<Box<dyn Any + Send>>>,
}

/// A loop whose turns are handed out.
struct Handout {
    turns: Arc<Turns>,
    /// How many threads have come to it. When all have, each holds it and the team needs it no more.
    come: usize,
}

struct Turns {
    range: Range<usize>,
    schedule: Schedule,
    /// The first turn that nobody has.
    next: AtomicUsize,
}

impl Team {
    pub(super) fn new(size: usize, level: usize, settings: Settings) -> Team {
        Team {
            size,
            level,
            settings,
            barrier: Barrier::new(size),
            aborted: AtomicBool::new(false),
            loops: Mutex::default(),
            singles: AtomicUsize::new(0),
            critical: Mutex::new(()),
            holder: AtomicUsize::new(0),
            given: Mutex::new((0..size).map(|_| None).collect()),
            reduced: Mutex::default(),
        }
    }

    pub(super) fn leave(&self) {
        self.barrier.leave();
    }

    pub(super) fn abort(&self) {
        self.aborted.store(true, Ordering::Relaxed);
        self.barrier.abort();
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panic ends the region for all threads: nobody goes on with what it left half done.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A thread of a team, as the body of a region sees itself.
///
/// All threads must come to the same loops, `single`s, barriers and reductions in the same order, as
/// in OpenMP.
pub struct Thread<'t> {
    team: &'t Team,
    number: usize,
    /// How many handed-out loops and `single`s this thread has come to. Cells, so that a body can't
    /// lend this thread's identity to another.
    loops: Cell<usize>,
    singles: Cell<usize>,
}

impl fmt::Debug for Thread<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Thread({} of {})", self.number, self.team.size)
    }
}

impl<'t> Thread<'t> {
    pub(super) fn new(team: &'t Team, number: usize) -> Thread<'t> {
        Thread {
            team,
            number,
            loops: Cell::new(0),
            singles: Cell::new(0),
        }
    }

    /// Which thread of the team this is, from 0, which is the caller of the region.
    pub fn thread_num(&self) -> usize {
        self.number
    }

    /// How many threads the team has.
    pub fn num_threads(&self) -> usize {
        self.team.size
    }

    /// How many regions of more than one thread this is in.
    pub fn level(&self) -> usize {
        self.team.level
    }

    /// This thread's turns of a loop under the static schedule: a run of its own.
    pub fn range(&self, range: Range<usize>) -> Loop<'t> {
        self.iterate(range, Schedule::Static)
    }

    /// This thread's turns of a loop under the dynamic schedule: whoever is free takes the next.
    #[track_caller]
    pub fn xrange(&self, range: Range<usize>) -> Loop<'t> {
        self.iterate(range, Schedule::Dynamic(1))
    }

    /// This thread's turns of a loop under the schedule that `OMP_SCHEDULE` names, or static.
    #[track_caller]
    pub fn runtime(&self, range: Range<usize>) -> Loop<'t> {
        let schedule = self.team.settings.schedule();
        self.iterate(range, schedule.unwrap_or(Schedule::Static))
    }

    /// This thread's turns of a loop. The threads don't wait for each other at its end.
    ///
    /// # Panics
    /// If turns are handed out (dynamic, guided) and another thread is at another loop. Under a
    /// static schedule each thread finds its turns by itself, and nobody could tell.
    #[track_caller]
    pub fn iterate(&self, range: Range<usize>, schedule: Schedule) -> Loop<'t> {
        let team = self.team;
        let start = range.start;
        let length = range.end.saturating_sub(start);
        let (chunk, source) = match schedule {
            Schedule::Static => {
                // As equal as can be: the first `extra` threads have one turn more.
                let (share, extra) = (length / team.size, length % team.size);
                let first = start + self.number * share + self.number.min(extra);
                let count = share + usize::from(self.number < extra);
                (first..first + count, Source::Dry)
            }
            Schedule::StaticChunks(chunk) => {
                let chunk = chunk.max(1);
                let first = self.number.checked_mul(chunk).map(|ahead| (start, ahead));
                let next = first.and_then(|(start, ahead)| start.checked_add(ahead));
                let step = chunk.saturating_mul(team.size);
                let end = range.end;
                (
                    0..0,
                    Source::Dealt {
                        next,
                        chunk,
                        step,
                        end,
                    },
                )
            }
            Schedule::Dynamic(_) | Schedule::Guided(_) => {
                (0..0, Source::HandedOut(self.handout(range, schedule)))
            }
        };
        Loop {
            team,
            chunk,
            source,
        }
    }

    /// The loop that this thread has come to.
    #[track_caller]
    fn handout(&self, range: Range<usize>, schedule: Schedule) -> Arc<Turns> {
        let number = self.loops.replace(self.loops.get() + 1);
        let mut loops = lock(&self.team.loops);
        let handout = loops.entry(number).or_insert_with(|| Handout {
            turns: Arc::new(Turns {
                next: AtomicUsize::new(range.start),
                range: range.clone(),
                schedule,
            }),
            come: 0,
        });
        let turns = Arc::clone(&handout.turns);
        handout.come += 1;
        if handout.come == self.team.size {
            loops.remove(&number);
        }
        drop(loops);
        assert!(
            turns.range == range && turns.schedule == schedule,
            "thread {} is at a {schedule} loop over {range:?}, another at a {} loop over {:?}",
            self.number,
            turns.schedule,
            turns.range
        );
        turns
    }

    /// Waits until all threads of the team are here.
    ///
    /// # Panics
    /// If a thread has come to the end of the region instead.
    #[track_caller]
    pub fn barrier(&self) {
        match self.team.barrier.wait() {
            Ok(()) => {}
            Err(Broken::Aborted) => panics::abort(),
            Err(Broken::Deserted) => {
                panic!("a thread of the team ended without coming to this barrier")
            }
        }
    }

    /// Runs `work` on one thread, whichever comes first, while the others wait. Only that thread is
    /// given the result.
    ///
    /// # Panics
    /// As [`barrier`](Thread::barrier).
    #[track_caller]
    pub fn single<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let result = self.single_nowait(work);
        self.barrier();
        result
    }

    /// Runs `work` on one thread, whichever comes first. The others don't wait.
    pub fn single_nowait<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        let number = self.singles.replace(self.singles.get() + 1);
        let singles = &self.team.singles;
        singles
            .compare_exchange(number, number + 1, Ordering::Relaxed, Ordering::Relaxed)
            .ok()
            .map(|_| work())
    }

    /// Runs `work` on thread 0. The others don't wait.
    pub fn master<R>(&self, work: impl FnOnce() -> R) -> Option<R> {
        (self.number == 0).then(work)
    }

    /// Runs `work` while no other thread of the team is in `critical` or holds the lock.
    ///
    /// # Panics
    /// Inside itself, where OpenMP would hang.
    #[track_caller]
    pub fn critical<R>(&self, work: impl FnOnce() -> R) -> R {
        let _guard = self.lock();
        work()
    }

    /// Locks the team's lock until the guard is dropped.
    ///
    /// # Panics
    /// If this thread holds it already.
    #[track_caller]
    pub fn lock(&self) -> Guard<'t> {
        let (team, me) = (self.team, self.number + 1);
        // Only this thread writes its own number, so what it reads of it is true.
        assert!(
            team.holder.load(Ordering::Relaxed) != me,
            "thread {} holds the lock already, and would wait for itself",
            self.number
        );
        let guard = lock(&team.critical);
        team.holder.store(me, Ordering::Relaxed);
        Guard {
            team,
            _guard: guard,
        }
    }

    /// Puts together what the threads give, in the order of their numbers, and returns it to all.
    /// Nothing depends on who came first, so floating-point sums come out the same every time.
    ///
    /// # Panics
    /// As [`barrier`](Thread::barrier), or if another thread gives another type.
    #[track_caller]
    pub fn reduce<T>(&self, value: T, combine: impl Fn(T, T) -> T) -> T
    where
        T: Clone + Send + 'static,
    {
        let own = |value: Box<dyn Any + Send>| {
            let value = value.downcast::<T>();
            *value.unwrap_or_else(|_| panic!("the threads reduce values of different types"))
        };
        let team = self.team;
        lock(&team.given)[self.number] = Some(Box::new(value));
        self.barrier();
        if self.number == 0 {
            let given: Vec<_> = lock(&team.given)
                .iter_mut()
                .filter_map(Option::take)
                .collect();
            let reduced = given.into_iter().map(own).reduce(combine);
            *lock(&team.reduced) = reduced.map(|all| Box::new(all) as Box<dyn Any + Send>);
        }
        self.barrier();
        // The next reduction can't overwrite it before all are at its first barrier.
        let reduced = lock(&team.reduced);
        let reduced = reduced.as_ref().and_then(|all| all.downcast_ref::<T>());
        let same = reduced.cloned();
        same.unwrap_or_else(|| panic!("the threads reduce values of different types"))
    }
}

/// The team's lock, held.
pub struct Guard<'t> {
    team: &'t Team,
    _guard: MutexGuard<'t, ()>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        // Before the lock is free, lest it overwrite the next holder's number.
        self.team.holder.store(0, Ordering::Relaxed);
    }
}

/// A thread's turns of a loop, one after the other.
///
/// When another thread of the team has panicked, asking for the next turn ends this one's part too.
#[must_use = "a loop's turns are taken by iterating over it"]
pub struct Loop<'t> {
    team: &'t Team,
    chunk: Range<usize>,
    source: Source,
}

/// Where the next chunk comes from.
enum Source {
    /// There is none.
    Dry,
    /// Every `step` turns the next is this thread's.
    Dealt {
        next: Option<usize>,
        chunk: usize,
        step: usize,
        end: usize,
    },
    HandedOut(Arc<Turns>),
}

impl Source {
    fn next(&mut self, threads: usize) -> Option<Range<usize>> {
        match self {
            Source::Dry => None,
            Source::Dealt {
                next,
                chunk,
                step,
                end,
            } => {
                let first = (*next).filter(|first| first < end)?;
                *next = first.checked_add(*step);
                Some(first..first.saturating_add(*chunk).min(*end))
            }
            Source::HandedOut(turns) => turns.take(threads),
        }
    }
}

impl Turns {
    fn take(&self, threads: usize) -> Option<Range<usize>> {
        let end = self.range.end;
        let chunk = |left: usize| match self.schedule {
            Schedule::Guided(least) => left.div_ceil(threads).max(least),
            Schedule::Dynamic(chunk) | Schedule::StaticChunks(chunk) => chunk,
            Schedule::Static => left,
        };
        let after = |first: usize| {
            let left = end.checked_sub(first).filter(|&left| left > 0)?;
            Some(first + chunk(left).clamp(1, left))
        };
        let taken = self
            .next
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, after);
        let first = taken.ok()?;
        Some(first..after(first)?)
    }
}

impl Iterator for Loop<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.team.aborted.load(Ordering::Relaxed) {
            panics::abort();
        }
        loop {
            if let Some(turn) = self.chunk.next() {
                return Some(turn);
            }
            self.chunk = self.source.next(self.team.size)?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guided_portions_shrink_to_the_least() {
        let turns = Turns {
            range: 10..110,
            schedule: Schedule::Guided(8),
            next: AtomicUsize::new(10),
        };
        let portions: Vec<_> = std::iter::from_fn(|| turns.take(2)).collect();
        let lengths: Vec<_> = portions.iter().map(ExactSizeIterator::len).collect();
        assert_eq!(lengths, [50, 25, 13, 8, 4]);
        assert_eq!(portions[4], 106..110);
    }
}
