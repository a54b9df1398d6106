//! Oversubscription: more threads than CPUs for work that computes. Nothing gets faster, and each
//! single piece takes longer, because the threads take turns.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Work that computes.
fn compute(steps: u64) -> u64 {
    (0..steps).fold(1_u64, |value, step| {
        black_box(value.wrapping_mul(31).wrapping_add(step))
    })
}

/// The same work for any number of threads: how long it takes in all, and the slowest piece.
fn run(threads: usize) -> (Duration, Duration) {
    const STEPS: u64 = 100_000_000;
    const PIECES: u64 = 256;
    let start = Instant::now();
    let slowest = thread::scope(|scope| {
        let pieces = PIECES / threads as u64;
        let work = move || {
            let times = (0..pieces).map(|_| {
                let start = Instant::now();
                black_box(compute(STEPS / PIECES));
                start.elapsed()
            });
            times.max().unwrap_or_default()
        };
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let slowest = threads.into_iter().filter_map(|thread| thread.join().ok());
        slowest.max().unwrap_or_default()
    });
    (start.elapsed(), slowest)
}

fn main() {
    let cpus = thread::available_parallelism().map_or(1, |cpus| cpus.get());
    println!("{cpus} CPUs, the same work each time");
    println!("threads  all of it (ms)  slowest of 256 pieces (ms)");
    let mut slowest_pieces = Vec::new();
    for threads in [1, 2, 4, 16, 64, 256] {
        let mut runs = [(); 3].map(|()| run(threads));
        runs.sort();
        let (all, slowest) = runs[1];
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        slowest_pieces.push(ms(slowest));
        println!("{threads:>7}  {:>14.1}  {:>26.1}", ms(all), ms(slowest));
    }
    let longer = slowest_pieces[5] / slowest_pieces[0];
    println!("with 256 threads the slowest piece took {longer:.0} times as long as with one");
}
