//! Step 1: how long something takes. It is repeated until the clock can measure it. The result goes to
//! `black_box`, because the compiler removes the computation of a result that is never used.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// The time of one operation: it is done ten times as often until all of them take 20 ms.
fn time(operation: impl Fn()) -> Duration {
    let mut times = 1;
    loop {
        let start = Instant::now();
        (0..times).for_each(|_| operation());
        let took = start.elapsed();
        if took >= Duration::from_millis(20) {
            return took / times;
        }
        times *= 10;
    }
}

fn main() {
    let sum = || assert!(black_box((0..black_box(1000_u64)).sum::<u64>()) > 0);
    let start_a_thread = || drop(thread::spawn(|| black_box(1)).join());
    println!("a sum of 1000 numbers: {:?}", time(sum));
    println!("a thread: {:?}", time(start_a_thread));
}
