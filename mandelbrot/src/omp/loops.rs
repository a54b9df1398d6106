//! The loops of a thread: over numbers, with steps, over slices, over pairs, and in order.

use std::iter::FusedIterator;
use std::num::NonZeroI64;
use std::ops::Range;
use std::sync::Arc;

use super::Schedule;
use super::handout::{Handout, Loop, Turns};
use super::ordered::OrderedLoop;
use super::thread::Thread;

impl<'t> Thread<'t> {
    /// This thread's turns of a loop under the static schedule: one block of consecutive turns.
    pub fn range(&self, range: Range<usize>) -> Loop<'t> {
        self.iterate(range, Schedule::Static)
    }

    /// This thread's turns of a loop under the dynamic schedule: a free thread takes the next turn.
    #[track_caller]
    pub fn xrange(&self, range: Range<usize>) -> Loop<'t> {
        self.iterate(range, Schedule::Dynamic(1))
    }

    /// This thread's turns of a loop under the schedule in `OMP_SCHEDULE`; without it, static.
    #[track_caller]
    pub fn runtime(&self, range: Range<usize>) -> Loop<'t> {
        let schedule = self.team.schedule();
        self.iterate(range, schedule.unwrap_or(Schedule::Static))
    }

    /// This thread's turns of a loop. The threads don't wait for each other at its end.
    ///
    /// # Panics
    /// If the schedule is dynamic or guided and another thread is at a different loop. Under a
    /// static schedule each thread computes its own turns, so this is not detected.
    #[track_caller]
    pub fn iterate(&self, range: Range<usize>, schedule: Schedule) -> Loop<'t> {
        let (team, number) = (self.team, self.number);
        match schedule {
            Schedule::Static => Loop::dealt(team, number, &range, None),
            Schedule::StaticChunks(chunk) => Loop::dealt(team, number, &range, Some(chunk)),
            Schedule::Dynamic(_) | Schedule::Guided(_) => {
                Loop::handed_out(team, self.handout(range, schedule))
            }
        }
    }

    /// The record of the loop that this thread has reached.
    #[track_caller]
    fn handout(&self, range: Range<usize>, schedule: Schedule) -> Arc<Turns> {
        let number = self.loops.replace(self.loops.get() + 1);
        let turns = self.team.handout(number, || Handout {
            turns: Arc::new(Turns::new(range.clone(), schedule)),
            come: 0,
        });
        assert!(
            turns.range == range && turns.schedule == schedule,
            "thread {} is at a {schedule} loop over {range:?}, another at a {} loop over {:?}",
            self.number,
            turns.schedule,
            turns.range
        );
        turns
    }

    /// This thread's turns of `for (i = from; i < to; i += step)`, or with `>` if `step` is
    /// negative.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::num::NonZeroI64;
    /// use mandelbrot::omp::{self, Schedule};
    /// let down = NonZeroI64::new(-3).unwrap();
    /// let turns = omp::parallel(2, |p| p.steps(10, 0, down, Schedule::Static).collect::<Vec<_>>());
    /// assert_eq!(turns, [[10, 7], [4, 1]]);
    /// ```
    ///
    /// # Panics
    /// As [`iterate`](Thread::iterate).
    #[track_caller]
    pub fn steps(
        &self,
        from: i64,
        to: i64,
        step: NonZeroI64,
        schedule: Schedule,
    ) -> impl FusedIterator<Item = i64> + use<'t> {
        let step = step.get();
        let way = match step > 0 {
            true => i128::from(to) - i128::from(from),
            false => i128::from(from) - i128::from(to),
        };
        // At most 2^64, for a step of 1: that is one too many for usize, but no loop gets that far.
        let count = (way.max(0) as u128).div_ceil(u128::from(step.unsigned_abs()));
        let count = usize::try_from(count).unwrap_or(usize::MAX);
        let turns = self.iterate(0..count, schedule).fuse();
        turns.map(move |turn| (i128::from(from) + turn as i128 * i128::from(step)) as i64)
    }

    /// This thread's items of a slice.
    ///
    /// # Panics
    /// As [`iterate`](Thread::iterate).
    #[track_caller]
    pub fn items<'s, T>(
        &self,
        items: &'s [T],
        schedule: Schedule,
    ) -> impl Iterator<Item = &'s T> + use<'t, 's, T> {
        self.iterate(0..items.len(), schedule)
            .map(|index| &items[index])
    }

    /// This thread's turns of two nested loops, as a single loop: `collapse(2)`. A single loop has
    /// more turns to divide.
    ///
    /// # Examples
    ///
    /// ```
    /// use mandelbrot::omp::{self, Schedule};
    /// let turns = omp::parallel(2, |p| {
    ///     p.collapse(0..2, 5..8, Schedule::Static).collect::<Vec<_>>()
    /// });
    /// assert_eq!(turns[0], [(0, 5), (0, 6), (0, 7)]);
    /// assert_eq!(turns[1], [(1, 5), (1, 6), (1, 7)]);
    /// ```
    ///
    /// # Panics
    /// As [`iterate`](Thread::iterate), or if the number of turns does not fit in a usize.
    #[track_caller]
    pub fn collapse(
        &self,
        outer: Range<usize>,
        inner: Range<usize>,
        schedule: Schedule,
    ) -> impl Iterator<Item = (usize, usize)> + use<'t> {
        let Some(turns) = outer.len().checked_mul(inner.len()) else {
            panic!("{outer:?} times {inner:?}: more turns than a usize can count");
        };
        let columns = inner.len().max(1);
        self.iterate(0..turns, schedule)
            .map(move |turn| (outer.start + turn / columns, inner.start + turn % columns))
    }

    /// This thread's turns of a loop. Each turn has a part that runs in the order of the turns.
    ///
    /// # Examples
    ///
    /// ```
    /// use std::sync::Mutex;
    /// use mandelbrot::omp::{self, Schedule};
    /// let lines = Mutex::new(Vec::new());
    /// omp::parallel(3, |p| {
    ///     for turn in p.ordered(0..9, Schedule::Dynamic(1)) {
    ///         let square = turn.index() * turn.index(); // In parallel,
    ///         turn.ordered(|| lines.lock().unwrap().push(square)); // and in order.
    ///     }
    /// });
    /// assert_eq!(lines.into_inner().unwrap(), [0, 1, 4, 9, 16, 25, 36, 49, 64]);
    /// ```
    ///
    /// # Panics
    /// As [`iterate`](Thread::iterate).
    #[track_caller]
    pub fn ordered(&self, range: Range<usize>, schedule: Schedule) -> OrderedLoop<'t> {
        let number = self.ordered_loops.replace(self.ordered_loops.get() + 1);
        OrderedLoop {
            team: self.team,
            start: range.start,
            turns: self.iterate(range, schedule),
            order: self.team.order(number),
        }
    }
}
