//! Long series of submits and cancels leak nothing. It is alone in its program, because it counts
//! all threads and descriptors.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::fs;

use executors::{Executor, ThreadPool};
use support::Act;

/// Not a test: the workers run it. Without the marks of a worker it does nothing.
#[test]
fn worker() {
    executors::hook(support::JOBS);
}

#[derive(Debug, PartialEq)]
struct Held {
    threads: usize,
    descriptors: usize,
}

fn held() -> Held {
    Held {
        threads: fs::read_dir("/proc/self/task").unwrap().count(),
        descriptors: fs::read_dir("/proc/self/fd").unwrap().count(),
    }
}

fn resident_kib() -> usize {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmRSS:"))
        .unwrap();
    line.split_whitespace().nth(1).unwrap().parse().unwrap()
}

/// 10,000 submits, most of them cancelled; queues of 100 behind a worker whose job never ends.
fn submit_and_cancel() {
    let threads = ThreadPool::builder()
        .workers(2)
        .queue_limit(100)
        .build()
        .unwrap();
    let processes = support::builder()
        .workers(1)
        .queue_limit(100)
        .build()
        .unwrap();
    processes.warm_up().unwrap();
    let stuck = processes.submit(Act::Sleep).unwrap();
    for n in 0..10_000 {
        let payload = vec![1; 1000];
        let on_thread = threads.spawn(move || payload.len()).unwrap();
        let in_process = processes.submit(Act::Carry(vec![1; 1000])).unwrap();
        assert!(in_process.cancel());
        if n % 10 > 0 {
            on_thread.cancel();
        }
    }
    processes.kill().unwrap();
    assert!(stuck.result().is_err());
    threads.shutdown(true, true).unwrap();
}

#[test]
fn ten_thousand_submits_and_cancels_leak_nothing() {
    // The first round fills the allocator's caches.
    submit_and_cancel();
    let (held_before, before) = (held(), resident_kib());
    for _ in 0..5 {
        submit_and_cancel();
    }
    assert_eq!(held(), held_before);
    let grown = resident_kib().saturating_sub(before);
    // 50,000 leaked payloads would be 100,000 KiB.
    assert!(grown < 10_000, "grew by {grown} KiB");
}
