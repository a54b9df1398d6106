//! False sharing: two threads change two different numbers, but each slows the other, because the
//! numbers are in the same cache line. A cache line (64 or 128 bytes) belongs to one core at a time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

/// Two numbers side by side: in one cache line.
#[repr(align(128))]
#[derive(Default)]
struct Together([AtomicU64; 2]);

/// A number that has its cache line to itself.
#[repr(align(128))]
#[derive(Default)]
struct Alone(AtomicU64);

const STEPS: u64 = 10_000_000;

/// Two threads, each adding to its own number.
fn add(numbers: [&AtomicU64; 2]) -> Duration {
    let start = Instant::now();
    thread::scope(|scope| {
        for number in numbers {
            scope.spawn(move || {
                for _ in 0..STEPS {
                    number.fetch_add(1, Relaxed);
                }
            });
        }
    });
    start.elapsed()
}

fn main() {
    let together = Together::default();
    let (first, second) = (Alone::default(), Alone::default());
    let per_step = |time: Duration| time.as_secs_f64() * 1e9 / STEPS as f64;

    let near = per_step(add([&together.0[0], &together.0[1]]));
    let apart = per_step(add([&first.0, &second.0]));
    println!("same cache line:  {near:>5.1} ns for each addition");
    println!("a line for each:  {apart:>5.1} ns for each addition");
    match near > 1.5 * apart {
        true => println!(
            "{:.1} times as slow, though no number is shared",
            near / apart
        ),
        false => println!("no difference here: did both threads run on the same core?"),
    }
}
