//! Amdahl's law: the part that can't be shared limits the speed-up. With a serial share
//! `s` of the work, `n` workers are at most `1 / (s + (1 - s) / n)` times as fast.

use std::hint::black_box;
use std::thread;
use std::time::{Duration, Instant};

/// Work of `steps` steps, each waiting for the one before.
fn compute(steps: u64) -> u64 {
    (0..steps).fold(1_u64, |value, step| {
        black_box(value.wrapping_mul(31).wrapping_add(step))
    })
}

/// A job of 100 parts: `serial` of them can't be shared.
fn job(serial: u64, workers: u64) -> Duration {
    const PART: u64 = 1_000_000;
    let start = Instant::now();
    black_box(compute(serial * PART));
    let shared = (100 - serial) * PART / workers;
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(move || black_box(compute(shared)));
        }
    });
    start.elapsed()
}

/// The median of five runs.
fn median(run: impl Fn() -> Duration) -> f64 {
    let mut times = [(); 5].map(|()| run());
    times.sort();
    times[2].as_secs_f64()
}

fn main() {
    let cpus = thread::available_parallelism().map_or(1, |cpus| cpus.get() as u64);
    println!(
        "{cpus} CPUs; two threads for each are more than there are CPUs, and give nothing more"
    );
    println!("serial share  workers  measured  the law's limit");
    for serial in [0, 10, 50] {
        let one = median(|| job(serial, 1));
        for workers in [1, cpus.max(2), 2 * cpus.max(2)] {
            let speed_up = one / median(|| job(serial, workers));
            let share = serial as f64 / 100.0;
            let limit = 1.0 / (share + (1.0 - share) / workers.min(cpus) as f64);
            println!("{serial:>11}%  {workers:>7}  {speed_up:>7.2}x  {limit:>14.2}x");
        }
    }
    println!("measured well below the limit: the CPUs were busy, or the cores share parts");
}
