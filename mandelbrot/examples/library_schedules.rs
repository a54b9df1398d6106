//! Which thread runs which turn of a loop, under four schedules. Each turn takes longer than the
//! one before.
//!
//! cargo run --release -p mandelbrot --example schedules

use std::hint::black_box;

use mandelbrot::omp::{self, Schedule};

fn main() {
    const TURNS: usize = 64;
    for schedule in ["static", "static,4", "dynamic", "guided"] {
        let schedule: Schedule = schedule.parse().expect("these are schedules");
        let mut who = [0; TURNS];
        let parts = omp::Parts::new(&mut who, 1);
        omp::parallel(4, |p| {
            for turn in p.iterate(0..TURNS, schedule) {
                let work = (0..10_000 * turn as u64).fold(0, |sum, n| black_box(sum ^ n));
                black_box(work);
                parts.take(turn)[0] = p.thread_num();
            }
        });
        let row: String = who.iter().map(|thread| thread.to_string()).collect();
        println!("{:>10}  {row}", schedule.to_string());
    }
}
