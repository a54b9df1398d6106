//! The same count with scoped threads. They end before the scope does, so they may borrow local
//! variables. A shared counter takes the place of the queue: a worker that adds one gets the piece
//! of that number.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const LIMIT: u64 = 500_000;
const PIECE: u64 = 5_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

fn main() {
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get());
    let next = AtomicU64::new(0);
    let work = || {
        let mut count = 0;
        loop {
            // An atomic operation: no two workers get the same piece.
            let first = PIECE * next.fetch_add(1, Ordering::Relaxed);
            if first >= LIMIT {
                return count;
            }
            let piece = first..LIMIT.min(first + PIECE);
            count += piece.filter(|&number| is_prime(number)).count();
        }
    };
    let count: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let counts = threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic"));
        counts.sum()
    });
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
}
