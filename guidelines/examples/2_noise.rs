//! Step 2: noise. Each thing is measured nine times, in turns. Its figure is the median, with a range;
//! if two ranges overlap, the difference may be noise.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

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

/// The median, and the range without the fastest and the slowest run.
fn figure(mut runs: Vec<Duration>) -> [Duration; 3] {
    runs.sort();
    [runs[1], runs[runs.len() / 2], runs[runs.len() - 2]]
}

fn main() {
    let a_thread = || drop(thread::spawn(|| black_box(1)).join());
    let the_same = || drop(thread::spawn(|| black_box(1)).join());
    let (mut first, mut second) = (Vec::new(), Vec::new());
    // In turns: a machine that slows down slows both.
    for _ in 0..9 {
        first.push(time(a_thread));
        second.push(time(the_same));
    }
    let [a, b] = [figure(first), figure(second)];
    for [low, median, high] in [a, b] {
        println!("a thread: {median:?} ({low:?} … {high:?})");
    }
    match () {
        () if a[2] < b[0] => println!("the first is faster?! Something else was going on."),
        () if b[2] < a[0] => println!("the second is faster?! Something else was going on."),
        () => println!("no difference, as it should be: it is the same function"),
    }
}
