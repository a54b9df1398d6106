//! The same count by threads, in the simplest way: each thread gets an equal part of the numbers.
//! Small numbers take less time, so the first thread ends early, and then its CPU is idle.

use std::thread;
use std::time::Instant;

const LIMIT: u64 = 500_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

fn main() {
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            let part = worker * LIMIT / workers..(worker + 1) * LIMIT / workers;
            thread::spawn(move || {
                let count = part.clone().filter(|&number| is_prime(number)).count();
                println!(
                    "  {part:?}: {count} primes, done after {:.0?}",
                    start.elapsed()
                );
                count
            })
        })
        .collect();
    // `join` gives a thread's result, or an error if it panicked.
    let counts = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"));
    let count: usize = counts.sum();
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
}
