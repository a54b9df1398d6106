//! Timers: a heap by time, and a table that says which of its entries still count.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::{Duration, Instant};

/// The name of a timer; no two timers of a loop have the same (but for one in four thousand
/// million of the same index).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct TimerKey {
    index: u32,
    generation: u32,
}

impl TimerKey {
    /// For tables: below the largest number of timers that were set at once.
    pub fn index(self) -> usize {
        self.index as usize
    }
}

/// The heap's order: by time, and in the order they were set.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    due: Instant,
    turn: u64,
    key: TimerKey,
}

/// Cancelling only marks the table, in constant time; the heap's entry is thrown away when it
/// comes up, or when the dead outnumber the living.
#[derive(Debug, Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<Entry>>,
    /// The generation of each index: an entry of an older one is dead.
    generations: Vec<u32>,
    free: Vec<u32>,
    turn: u64,
}

/// Fewer dead entries than this are not worth sweeping.
const FEW: usize = 64;

/// As long as a timer can wait; `Instant` cannot count much further.
const LONGEST: Duration = Duration::from_secs(60 * 60 * 24 * 365 * 100);

/// `now + delay`, where a delay without end becomes a hundred years.
pub(super) fn after(now: Instant, delay: Duration) -> Instant {
    now + delay.min(LONGEST)
}

impl Timers {
    pub(super) fn add(&mut self, due: Instant) -> TimerKey {
        let index = self.free.pop().unwrap_or_else(|| {
            self.generations.push(0);
            (self.generations.len() - 1) as u32
        });
        let generation = self.generations[index as usize];
        let key = TimerKey { index, generation };
        self.turn += 1;
        let turn = self.turn;
        self.heap.push(Reverse(Entry { due, turn, key }));
        key
    }

    pub(super) fn cancel(&mut self, key: TimerKey) -> bool {
        let cancelled = self.retire(key);
        if cancelled && self.heap.len() > 2 * self.len() + FEW {
            let generations = &self.generations;
            self.heap
                .retain(|Reverse(entry)| generations[entry.key.index()] == entry.key.generation);
        }
        cancelled
    }

    /// When the next one is due.
    pub(super) fn next(&mut self) -> Option<Instant> {
        while let Some(Reverse(entry)) = self.heap.peek() {
            if self.is_set(entry.key) {
                return Some(entry.due);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes one that is due.
    pub(super) fn pop(&mut self, now: Instant) -> Option<TimerKey> {
        if self.next()? > now {
            return None;
        }
        let Reverse(entry) = self.heap.pop()?;
        self.retire(entry.key);
        Some(entry.key)
    }

    pub(super) fn len(&self) -> usize {
        self.generations.len() - self.free.len()
    }

    fn is_set(&self, key: TimerKey) -> bool {
        self.generations.get(key.index()) == Some(&key.generation)
    }

    fn retire(&mut self, key: TimerKey) -> bool {
        let set = self.is_set(key);
        if set {
            self.generations[key.index()] = key.generation.wrapping_add(1);
            self.free.push(key.index);
        }
        set
    }
}
