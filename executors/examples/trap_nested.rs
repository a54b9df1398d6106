//! A trap: a job that waits for a job of its own pool. If every worker runs such a job, no worker
//! is left for the jobs that they wait for. Look for: "no answer". The cure: the job returns its
//! parts, and the caller waits, outside the pool.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

type Job = Box<dyn FnOnce() + Send>;

/// A pool with one worker.
fn pool() -> Sender<Job> {
    let (sender, jobs) = channel::<Job>();
    thread::spawn(move || jobs.into_iter().for_each(|job| job()));
    sender
}

/// Submits a job to the pool. The receiver is its future.
fn submit(pool: &Sender<Job>, job: impl FnOnce() -> u64 + Send + 'static) -> Receiver<u64> {
    let (sender, future) = channel();
    let run = move || {
        let _ = sender.send(job()); // The future may have been dropped.
    };
    pool.send(Box::new(run)).expect("the worker lives");
    future
}

fn wait(future: &Receiver<u64>) -> Result<u64, RecvTimeoutError> {
    future.recv_timeout(Duration::from_millis(200)) // Without a limit it would wait forever.
}

fn main() {
    let pool = pool();
    let inside = pool.clone();
    let outer = submit(&pool, move || {
        let inner = submit(&inside, || 20);
        println!(
            "inside the job: {:?}",
            wait(&inner).map_err(|_| "no answer")
        );
        1
    });
    let _ = outer.recv();

    let (first, second) = (submit(&pool, || 20), submit(&pool, || 22));
    let sum = first.recv().expect("no panic") + second.recv().expect("no panic");
    println!("outside the pool: {sum}");
}
