//! The same count by threads under one global lock, as in Python: a thread holds the lock while it
//! computes. Compare with step 4: the threads take turns, and the second CPU is idle.

use std::sync::Mutex;
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
    let interpreter = Mutex::new(());
    let next = AtomicU64::new(0);
    let work = || {
        let mut count = 0;
        loop {
            let first = PIECE * next.fetch_add(1, Ordering::Relaxed);
            if first >= LIMIT {
                return count;
            }
            let piece = first..LIMIT.min(first + PIECE);
            // In Python each step of a program needs this lock.
            let _held = interpreter.lock().expect("no panic");
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
