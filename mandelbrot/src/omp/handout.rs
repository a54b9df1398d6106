//! Loops: how the turns are distributed to the threads of a team.

use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::Schedule;
use super::panics;
use super::thread::Team;

/// The team's record of a loop with a dynamic or guided schedule.
pub(super) struct Handout {
    pub(super) turns: Arc<Turns>,
    /// The number of threads that have reached the loop. When all have, the team drops this record.
    pub(super) come: usize,
}

/// The turns of a loop, and the next one to hand out.
pub(super) struct Turns {
    pub(super) range: Range<usize>,
    pub(super) schedule: Schedule,
    /// The first turn that is not handed out.
    next: AtomicUsize,
}

impl Turns {
    pub(super) fn new(range: Range<usize>, schedule: Schedule) -> Turns {
        Turns {
            next: AtomicUsize::new(range.start),
            range,
            schedule,
        }
    }

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

/// A thread's turns of a loop, as an iterator.
///
/// If another thread of the team has panicked, `next` ends this thread's part too.
#[must_use = "a loop's turns are taken by iterating over it"]
pub struct Loop<'t> {
    team: &'t Team,
    chunk: Range<usize>,
    source: Source,
}

/// The source of the next chunk.
pub(super) enum Source {
    /// No chunk is left.
    Dry,
    /// This thread has a chunk at every `step` turns.
    Dealt {
        next: Option<usize>,
        chunk: usize,
        step: usize,
        end: usize,
    },
    HandedOut(Arc<Turns>),
}

impl<'t> Loop<'t> {
    /// The turns of thread `number` under a static schedule.
    pub(super) fn dealt(
        team: &'t Team,
        number: usize,
        range: &Range<usize>,
        chunk: Option<usize>,
    ) -> Loop<'t> {
        let start = range.start;
        let length = range.end.saturating_sub(start);
        let Some(chunk) = chunk else {
            // As equal as possible: the first `extra` threads have one turn more.
            let (share, extra) = (length / team.size(), length % team.size());
            let first = start + number * share + number.min(extra);
            let count = share + usize::from(number < extra);
            return Loop {
                team,
                chunk: first..first + count,
                source: Source::Dry,
            };
        };
        let chunk = chunk.max(1);
        let ahead = number.checked_mul(chunk);
        Loop {
            team,
            chunk: 0..0,
            source: Source::Dealt {
                next: ahead.and_then(|ahead| start.checked_add(ahead)),
                chunk,
                step: chunk.saturating_mul(team.size()),
                end: range.end,
            },
        }
    }

    /// How many turns follow until the next chunk is requested.
    pub fn rest_of_chunk(&self) -> usize {
        self.chunk.len()
    }

    /// This thread's remaining turns that no other thread can take.
    pub(super) fn own_rest(&mut self) -> Vec<usize> {
        let mut rest: Vec<usize> = self.chunk.by_ref().collect();
        if !matches!(self.source, Source::HandedOut(_)) {
            while let Some(chunk) = self.source.next(self.team.size()) {
                rest.extend(chunk);
            }
        }
        rest
    }

    /// The turns under a dynamic or guided schedule.
    pub(super) fn handed_out(team: &'t Team, turns: Arc<Turns>) -> Loop<'t> {
        Loop {
            team,
            chunk: 0..0,
            source: Source::HandedOut(turns),
        }
    }
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

impl Iterator for Loop<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        if self.team.is_aborted() {
            panics::abort();
        }
        loop {
            if let Some(turn) = self.chunk.next() {
                return Some(turn);
            }
            self.chunk = self.source.next(self.team.size())?;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn guided_portions_shrink_to_the_least() {
        let turns = Turns::new(10..110, Schedule::Guided(8));
        let portions: Vec<_> = std::iter::from_fn(|| turns.take(2)).collect();
        let lengths: Vec<_> = portions.iter().map(ExactSizeIterator::len).collect();
        assert_eq!(lengths, [50, 25, 13, 8, 4]);
        assert_eq!(portions[4], 106..110);
    }
}
