//! Map: many jobs, with the results in the order of the inputs, whichever job ends first. Each
//! result has the number of its input. An early result waits for its turn.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;
use std::thread;

/// Calls `job` for each input on `workers` threads, and `done` with each result, in order.
fn map<I: Sync, T: Send>(
    workers: usize,
    inputs: &[I],
    job: impl Fn(&I) -> T + Sync,
    mut done: impl FnMut(usize, T),
) {
    let next = AtomicUsize::new(0);
    let (sender, results) = mpsc::sync_channel(workers);
    thread::scope(|scope| {
        for _ in 0..workers {
            let (sender, next, job) = (sender.clone(), &next, &job);
            scope.spawn(move || {
                while let index = next.fetch_add(1, Ordering::Relaxed)
                    && let Some(input) = inputs.get(index)
                {
                    if sender.send((index, job(input))).is_err() {
                        return;
                    }
                }
            });
        }
        drop(sender);
        // If the first job is slow, all other results wait here. The library's `map` limits them.
        let (mut early, mut turn) = (BTreeMap::new(), 0);
        for (index, result) in results {
            early.insert(index, result);
            while let Some(result) = early.remove(&turn) {
                done(turn, result);
                turn += 1;
            }
        }
    });
}

fn main() {
    let words = [
        "results", "come", "in", "the", "order", "of", "the", "inputs",
    ];
    let reversed = |word: &&str| word.chars().rev().collect::<String>();
    map(2, &words, reversed, |index, result| {
        println!("{index}: {} -> {result}", words[index])
    });
}
