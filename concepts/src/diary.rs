//! Diaries: what each painter did, and when. Each painter has a diary of its own, so writing needs no lock and
//! hardly changes the measurement.

use std::time::{Duration, Instant};

/// An activity of a painter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Activity {
    /// Paints in the room of this number.
    Paints(usize),
    /// Waits for paint to dry.
    WaitsForPaint,
    /// Waits for the ladder.
    WaitsForLadder,
}

/// A stretch of time in which a painter did one thing; times count from the start of the scene.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stretch {
    /// The activity.
    pub activity: Activity,
    /// When it began.
    pub start: Duration,
    /// When it ended.
    pub end: Duration,
}

/// A painter's diary.
#[derive(Clone, Debug)]
pub struct Diary {
    began: Instant,
    stretches: Vec<Stretch>,
}

impl Diary {
    /// An empty one; `began` is when the scene began.
    pub fn new(began: Instant) -> Diary {
        Diary {
            began,
            stretches: Vec::new(),
        }
    }

    /// Does something, and notes when.
    pub fn during<T>(&mut self, activity: Activity, work: impl FnOnce() -> T) -> T {
        let start = self.began.elapsed();
        let result = work();
        let end = self.began.elapsed();
        self.stretches.push(Stretch {
            activity,
            start,
            end,
        });
        result
    }

    /// The entries, in order.
    pub fn into_stretches(self) -> Vec<Stretch> {
        self.stretches
    }
}
