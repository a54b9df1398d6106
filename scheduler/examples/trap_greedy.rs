//! A trap: a task that computes for long and does not yield. On one thread all other tasks wait.
//! Look for: how long did the other task wait for its turn? The cure: yield now and then.

use std::collections::VecDeque;
use std::iter::from_fn;
use std::time::{Duration, Instant};

type Task<'t> = Box<dyn Iterator<Item = ()> + 't>;

/// Adds 20 million numbers, `step` of them in each turn.
fn adder<'t>(step: u64) -> Task<'t> {
    let (mut number, mut sum) = (0_u64, 0_u64);
    Box::new(from_fn(move || {
        if number >= 20_000_000 {
            return None;
        }
        for next in number..number + step {
            sum = std::hint::black_box(sum.wrapping_add(next));
        }
        number += step;
        Some(())
    }))
}

/// Measures the longest time between two of its own turns.
fn watcher(longest: &mut Duration) -> Task<'_> {
    let mut last = Instant::now();
    let mut turns = 0;
    Box::new(from_fn(move || {
        *longest = last.elapsed().max(*longest);
        last = Instant::now();
        turns += 1;
        (turns < 50).then_some(())
    }))
}

fn main() {
    for step in [20_000_000, 10_000] {
        let mut longest = Duration::ZERO;
        let mut ready = VecDeque::from([adder(step), watcher(&mut longest)]);
        while let Some(mut task) = ready.pop_front() {
            if task.next().is_some() {
                ready.push_back(task);
            }
        }
        drop(ready);
        println!("{step} numbers a turn: the other task waited for up to {longest:.1?}");
    }
}
