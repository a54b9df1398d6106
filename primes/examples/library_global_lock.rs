//! Threads under a global lock: only one core is busy, whatever their number.
//! Run it: `cargo run --release -p primes --example global_lock`

use std::thread;
use std::time::{Duration, Instant};

use primes::gil::Gil;
use primes::trial_division::is_prime_while;

const PRIME: u64 = 1_099_726_899_285_419;

fn main() {
    let free = time(|| {
        is_prime_while(PRIME, || true);
    });
    let gil = Gil::default();
    let locked = time(|| {
        let held = gil.take();
        is_prime_while(PRIME, || {
            held.checkpoint();
            true
        });
    });
    println!("two threads: {free:?}; two threads under a lock: {locked:?}");
}

/// Measures how long the same work takes on two threads at once.
fn time(work: impl Fn() + Sync) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        scope.spawn(&work);
        scope.spawn(&work);
    });
    start.elapsed()
}
