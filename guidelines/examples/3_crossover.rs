//! Step 3: a cross-over. How long must a task be before two threads are faster than one? Tasks double
//! until they are.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

fn task(steps: u64) -> u64 {
    (0..black_box(steps)).fold(0, |sum, n| black_box(sum ^ n))
}

/// The median of 31 runs.
fn time(operation: impl Fn()) -> Duration {
    let run = || {
        let start = Instant::now();
        operation();
        start.elapsed()
    };
    let mut runs: Vec<Duration> = (0..31).map(|_| run()).collect();
    runs.sort();
    runs[runs.len() / 2]
}

fn main() {
    println!(
        "{:>12} {:>12} {:>12}",
        "a task", "one thread", "two threads"
    );
    for steps in (8..24).map(|power| 1 << power) {
        let one = time(|| {
            task(steps);
            task(steps);
        });
        let two = time(|| {
            thread::scope(|scope| {
                scope.spawn(|| task(steps));
                task(steps);
            });
        });
        println!("{:>12?} {one:>12?} {two:>12?}", one / 2);
        if two < one * 9 / 10 {
            println!("two threads pay from about {:?} a task on", one / 2);
            return;
        }
    }
    println!("two threads never paid: is there a second CPU?");
}
