//! Measures the cost of an empty job: one at a time through a plain channel, a thread pool and a
//! process pool, and a million of them in chunks.
//!
//! cargo run --release -p executors --example round_trip

use std::thread;
use std::time::{Duration, Instant};

use executors::{Error, Executor, Job, ProcessPool, ThreadPool, job};

#[derive(serde::Serialize, serde::Deserialize)]
struct Echo(u64);

impl Job for Echo {
    type Output = u64;
    fn run(self) -> u64 {
        self.0
    }
}

/// The median and the 10th and 90th percentile of many round trips.
fn measure(name: &str, mut round_trip: impl FnMut(u64) -> u64) -> Duration {
    let mut times: Vec<_> = (0..20_000)
        .map(|n| {
            let start = Instant::now();
            assert_eq!(round_trip(n), n);
            start.elapsed()
        })
        .collect();
    times.sort();
    let at = |percent: usize| times[times.len() * percent / 100];
    println!(
        "{name:<22} {:>9.2?} ({:.2?} to {:.2?})",
        at(50),
        at(10),
        at(90)
    );
    at(50)
}

fn main() -> Result<(), Error> {
    executors::hook(&[job::<Echo>()]);
    let threads = ThreadPool::new(1)?;
    let processes = ProcessPool::new(2)?;
    processes.warm_up()?;

    let (send, jobs) = crossbeam_channel::bounded::<u64>(1);
    let (reply, receive) = crossbeam_channel::bounded::<u64>(1);
    thread::spawn(move || jobs.into_iter().try_for_each(|n| reply.send(n)));

    for _ in 0..3 {
        let bare = measure("bare channel", |n| {
            send.send(n).expect("it listens");
            receive.recv().expect("it answers")
        });
        let pool = measure("ThreadPool", |n| {
            threads
                .submit(Echo(n))
                .and_then(|f| f.result())
                .expect("an echo")
        });
        measure("ProcessPool", |n| {
            processes
                .submit(Echo(n))
                .and_then(|f| f.result())
                .expect("an echo")
        });
        println!(
            "ThreadPool / channel   {:>9.2}",
            pool.as_secs_f64() / bare.as_secs_f64()
        );
    }

    for _ in 0..3 {
        let start = Instant::now();
        let jobs = (0..1_000_000).map(Echo);
        let sum: u64 = processes.map(jobs).chunk(5_000).sum::<Result<_, _>>()?;
        assert_eq!(sum, 999_999 * 500_000);
        println!("a million, 2 processes {:>9.2?}", start.elapsed());
    }
    Ok(())
}
