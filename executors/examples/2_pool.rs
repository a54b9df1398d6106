//! A pool: several workers take jobs from one channel.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, mpsc};
use std::thread::{self, JoinHandle};

type Job = Box<dyn FnOnce() + Send>;

struct Pool {
    sender: mpsc::SyncSender<Job>,
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
        Pool { sender, workers }
    }

    fn submit(&self, job: impl FnOnce() + Send + 'static) {
        let sent = self.sender.send(Box::new(job));
        sent.expect("the workers live as long as the pool");
    }

    /// Waits until all jobs are done.
    fn join(self) {
        drop(self.sender); // Without a sender the workers end when the queue is empty.
        for worker in self.workers {
            worker.join().expect("no job ends a worker");
        }
    }
}

fn main() {
    let pool = Pool::new(2);
    for number in 1..=4_u64 {
        pool.submit(move || println!("{number} squared is {}", number * number));
    }
    pool.join();
    println!("all done");
}
