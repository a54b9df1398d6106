//! A pool: several workers take jobs from one channel. Dropping the pool waits for all its jobs.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    sender: Option<mpsc::SyncSender<Job>>,
    workers: Vec<JoinHandle<()>>,
}

impl Pool {
    fn new(workers: usize) -> Pool {
        let (sender, jobs) = mpsc::sync_channel::<Job>(2 * workers);
        let jobs = Arc::new(Mutex::new(jobs));
        let worker = |_| {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                // The lock is held while a worker waits for a job, and released while the job runs.
                while let Ok(job) = { jobs.lock().expect("no job runs under it").recv() } {
                    // A job that panics must not end the worker.
                    let _ = panic::catch_unwind(AssertUnwindSafe(job));
                }
            })
        };
        let workers = (0..workers).map(worker).collect();
        Pool {
            sender: Some(sender),
            workers,
        }
    }

    fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let sender = self.sender.as_ref().expect("it is taken by drop only");
        sender
            .send(Box::new(job))
            .expect("the workers live as long as the pool");
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        self.sender = None; // Without a sender the workers end when the queue is empty.
        for worker in self.workers.drain(..) {
            let _ = worker.join();
        }
    }
}

fn main() {
    let pool = Pool::new(2);
    for number in 1..=4_u64 {
        pool.submit(move || println!("{number} squared is {}", number * number));
    }
    drop(pool);
    println!("all done");
}
