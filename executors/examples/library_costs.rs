//! Measures the cost of the check, of large values, and of the memory for ten million jobs.
//!
//! cargo run --release -p executors --example costs -- check|large|items|trips|million

use std::fmt;
use std::time::{Duration, Instant};

use executors::{Error, Executor, Job, ProcessPool, ThreadPool, job};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Echo(u64);

impl Job for Echo {
    type Output = u64;
    fn run(self) -> u64 {
        self.0
    }
}

/// Numbers, serialized one by one: 1 to 10 bytes each.
#[derive(Serialize, Deserialize, Clone)]
struct Numbers(Vec<u64>);

impl Job for Numbers {
    type Output = u64;
    fn run(self) -> u64 {
        self.0.len() as u64
    }
}

/// Bytes, serialized as a whole, as in the crate serde_bytes.
struct Bytes(Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl serde::de::Visitor<'_> for Visitor {
            type Value = Bytes;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E>(self, bytes: &[u8]) -> Result<Bytes, E> {
                Ok(Bytes(bytes.to_vec()))
            }
        }
        deserializer.deserialize_bytes(Visitor)
    }
}

impl Job for Bytes {
    type Output = Bytes;
    fn run(self) -> Bytes {
        self
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

fn timed<T>(call: impl FnOnce() -> T) -> Duration {
    let start = Instant::now();
    call();
    start.elapsed()
}

fn status(key: &str) -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(key));
    line.unwrap_or("(not told here)").to_owned()
}

fn trips() -> Result<(), Error> {
    const TRIPS: u64 = 20_000;
    let threads = ThreadPool::new(1)?;
    let processes = ProcessPool::new(1)?;
    processes.warm_up()?;
    let trips = |pool: &dyn Fn(u64) -> u64| {
        let trip = |n| timed(|| assert_eq!(pool(n), n));
        median((0..TRIPS).map(trip).collect())
    };
    let on_thread = trips(&|n| {
        threads
            .spawn(move || n)
            .and_then(|it| it.result())
            .unwrap_or(0)
    });
    let in_process = trips(&|n| {
        processes
            .submit(Echo(n))
            .and_then(|it| it.result())
            .unwrap_or(0)
    });
    println!("a round trip: thread {on_thread:.2?}, process {in_process:.2?}");
    Ok(())
}

fn million() -> Result<(), Error> {
    for check in [true, false] {
        let pool = ProcessPool::builder()
            .workers(2)
            .check_jobs(check)
            .build()?;
        pool.warm_up()?;
        let jobs = || (0..1_000_000).map(Echo);
        let run = || {
            let results = pool.map(jobs()).chunk(5_000);
            results.map(|it| it.unwrap_or(0)).sum::<u64>()
        };
        let sum_in_time = |_| timed(|| assert_eq!(run(), 499_999_500_000));
        let time = median((0..9).map(sum_in_time).collect());
        let how = if check { "checked" } else { "not checked" };
        println!("a million jobs in chunks of 5,000, two processes, {how}: {time:.1?}");
    }
    Ok(())
}

fn items() -> Result<(), Error> {
    let pool = ProcessPool::new(2)?;
    let threads = ThreadPool::new(2)?;
    let mut before = status("VmRSS");
    for round in ["1 million", "10 million"] {
        let count: u64 = if round == "1 million" {
            1_000_000
        } else {
            10_000_000
        };
        let time = timed(|| {
            let sum: u64 = pool
                .map((0..count).map(Echo))
                .chunk(5_000)
                .map(|it| it.unwrap_or(0))
                .sum();
            assert_eq!(sum, count * (count - 1) / 2);
        });
        let on_threads = timed(|| {
            let sum: u64 = threads
                .map_fn(0..count, |n| n)
                .chunk(5_000)
                .map(|it| it.unwrap_or(0))
                .sum();
            assert_eq!(sum, count * (count - 1) / 2);
        });
        let after = status("VmRSS");
        println!(
            "{round}: processes {time:.2?}, threads {on_threads:.2?}; before {before}, after {after}; {}",
            status("VmHWM")
        );
        before = after;
    }
    Ok(())
}

fn check() -> Result<(), Error> {
    let pools = [true, false].map(|check| {
        let pool = ProcessPool::builder().workers(1).check_jobs(check).build();
        pool.and_then(|pool| pool.warm_up().map(|()| pool))
    });
    let [with, without] = pools;
    let pools = [with?, without?];
    println!(
        "{:>9} {:>12} {:>12} {:>6}",
        "bytes", "checked", "not checked", "ratio"
    );
    for numbers in [1, 16, 64, 256, 500, 2_000, 20_000] {
        // Eight bytes each. A job of a little less than 4 KiB is the largest that is checked each
        // time.
        let job = Numbers(vec![1 << 50; numbers]);
        let mut times = [Vec::new(), Vec::new()];
        for _ in 0..3_000 {
            for (pool, times) in pools.iter().zip(&mut times) {
                let job = job.clone();
                let trip = || pool.submit(job).and_then(|it| it.result()).unwrap_or(0);
                times.push(timed(|| assert_eq!(trip(), numbers as u64)));
            }
        }
        let [with, without] = times.map(median);
        let ratio = with.as_secs_f64() / without.as_secs_f64();
        println!(
            "{:>9} {with:>12.2?} {without:>12.2?} {ratio:>6.2}",
            numbers * 8
        );
    }
    Ok(())
}

fn large() -> Result<(), Error> {
    const SIZE: usize = 256 << 20;
    let pool = ProcessPool::builder()
        .workers(1)
        .frame_limit(SIZE + 64)
        .build()?;
    pool.warm_up()?;
    let trip = || {
        let bytes = Bytes(vec![7; SIZE]);
        timed(|| {
            let back = pool.submit(bytes).and_then(|it| it.result());
            assert_eq!(back.map(|it| it.0.len()), Ok(SIZE));
        })
    };
    let times: Vec<_> = (0..5).map(|_| trip()).collect();
    println!(
        "256 MiB there and back: {times:.2?}, median {:.2?}",
        median(times.clone())
    );
    Ok(())
}

fn main() -> Result<(), Error> {
    executors::hook(&[job::<Echo>(), job::<Numbers>(), job::<Bytes>()]);
    match std::env::args().nth(1).as_deref() {
        Some("trips") => trips(),
        Some("million") => million(),
        Some("items") => items(),
        Some("check") => check(),
        Some("large") => large(),
        _ => {
            println!("usage: costs check|large|items|trips|million");
            Ok(())
        }
    }
}
