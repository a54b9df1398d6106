//! Measures the cost of a yield, a task, and a parked task on this machine.
//! Run it: `cargo bench -p scheduler --bench cost`

use std::future::pending;
use std::hint::black_box;
use std::io;
use std::time::Instant;

use scheduler::executor::{Executor, spawn, yield_now};
use scheduler::generator::generator;

const MILLION: u32 = 1_000_000;

fn main() -> io::Result<()> {
    // First, before any freed memory could be used again.
    let executor = Executor::new()?;
    let before = resident();
    for _ in 0..MILLION {
        drop(executor.spawn(pending::<()>()));
    }
    executor.run_pending();
    let bytes = (resident() - before) / f64::from(MILLION);
    println!("parked task {bytes:.1} bytes in all");
    drop(executor);
    for _ in 0..5 {
        let executor = Executor::new()?;
        let nanos =
            |start: Instant, count: u32| start.elapsed().as_nanos() as f64 / f64::from(count);

        let start = Instant::now();
        executor.block_on(async {
            for _ in 0..10 * MILLION {
                yield_now().await;
            }
        });
        let yielded = nanos(start, 10 * MILLION);

        let start = Instant::now();
        executor.block_on(async {
            for n in 0..MILLION {
                drop(spawn(async move { black_box(n) }));
            }
        });
        executor.run().map_err(io::Error::other)?;
        let spawned = nanos(start, MILLION);

        let start = Instant::now();
        let sum: u64 = generator(|co| async move {
            for n in 0..u64::from(10 * MILLION) {
                co.yield_(n).await;
            }
        })
        .map(black_box)
        .sum();
        let item = nanos(start, 10 * MILLION);
        assert_eq!(black_box(sum), 49_999_995_000_000);

        let start = Instant::now();
        let sum: u64 = ByHand(0).map(black_box).sum();
        let by_hand = nanos(start, 10 * MILLION);
        assert_eq!(black_box(sum), 49_999_995_000_000);

        println!(
            "yield {yielded:.1} ns; task {spawned:.1} ns; item of a generator {item:.2} ns, by hand {by_hand:.2} ns"
        );
    }
    Ok(())
}

/// The generator's values from an iterator that is written by hand.
struct ByHand(u64);

impl Iterator for ByHand {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let n = self.0;
        self.0 += 1;
        (n < u64::from(10 * MILLION)).then_some(n)
    }
}

/// Resident memory in bytes, if the system tells.
fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon"));
    let kib = line.and_then(|line| line.split_whitespace().nth(1)?.parse().ok());
    kib.unwrap_or(f64::NAN) * 1024.0
}
