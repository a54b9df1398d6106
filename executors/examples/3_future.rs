//! A future: `submit` returns it, and the caller reads the result from it later. It is a channel
//! for one value. The job sends its result, or the panic that ended it.

use std::panic::{self, AssertUnwindSafe};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

struct Pool(mpsc::SyncSender<Job>);

struct Future<T>(mpsc::Receiver<thread::Result<T>>);

impl Pool {
    fn new(workers: usize) -> Pool {
        let (sender, jobs) = mpsc::sync_channel::<Job>(2 * workers);
        let jobs = Arc::new(Mutex::new(jobs));
        for _ in 0..workers {
            let jobs = Arc::clone(&jobs);
            thread::spawn(move || {
                while let Ok(job) = { jobs.lock().expect("no job runs under it").recv() } {
                    job();
                }
            });
        }
        Pool(sender)
    }

    fn submit<T: Send + 'static>(&self, job: impl FnOnce() -> T + Send + 'static) -> Future<T> {
        let (sender, result) = mpsc::sync_channel(1);
        let run = move || {
            let outcome = panic::catch_unwind(AssertUnwindSafe(job));
            let _ = sender.send(outcome); // The future may have been dropped.
        };
        self.0
            .send(Box::new(run))
            .expect("the workers live as long as the pool");
        Future(result)
    }
}

impl<T> Future<T> {
    /// Waits for the result. An error is the panic that ended the job.
    fn result(self) -> thread::Result<T> {
        self.0
            .recv()
            .expect("a job sends its result however it ends")
    }
}

fn main() {
    let pool = Pool::new(2);
    let good = pool.submit(|| (1..=20_u64).product::<u64>());
    let bad = pool.submit(|| "12x".parse::<u64>().expect("a number"));
    println!("20! = {:?}", good.result().ok());
    println!("the second job panicked: {}", bad.result().is_err());
}
