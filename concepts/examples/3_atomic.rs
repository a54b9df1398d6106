//! An atomic: a number that several threads change without a lock. The CPU does each operation as one.

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

fn main() {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    static LARGEST: AtomicU64 = AtomicU64::new(0);

    let threads: Vec<_> = (1..=4_u64)
        .map(|thread| {
            thread::spawn(move || {
                for step in 0..50_000 {
                    // Reads, adds and writes as one operation: no other thread comes between.
                    COUNT.fetch_add(1, Ordering::Relaxed);
                    LARGEST.fetch_max(thread * step, Ordering::Relaxed);
                }
            })
        })
        .collect();
    for thread in threads {
        if thread.join().is_err() {
            println!("a thread panicked");
        }
    }

    // Relaxed: only this number counts, not the order of other memory around it. When a number tells
    // another thread that data is ready, the writer needs Release and the reader Acquire.
    println!(
        "4 threads added 50000 each: {}",
        COUNT.load(Ordering::Relaxed)
    );
    println!(
        "the largest seen by any: {}",
        LARGEST.load(Ordering::Relaxed)
    );
}
