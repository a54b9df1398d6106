//! Threads and a queue: the first choice in Rust. There is no global lock, so two threads use two
//! cores.

use std::io;
use std::num::NonZeroUsize;
use std::thread;

use crate::job::Job;
use crate::watch::Watch;

/// The number of waiting jobs per worker: one to continue with while the queue is filled again.
/// More would only use memory.
const AHEAD: usize = 2;

/// Runs the jobs on `workers` threads that take them from one queue. `watch` is called on these
/// threads.
///
/// The queue is bounded: an endless iterator is read only as fast as the jobs are done.
///
/// # Errors
/// If the system refuses a thread. Threads that were started finish the jobs that they took.
///
/// # Panics
/// If a job panics, after the other threads have finished.
pub fn run(
    jobs: impl Iterator<Item = Job> + Send,
    workers: NonZeroUsize,
    watch: impl Watch,
) -> io::Result<()> {
    let (queue, taken) = crossbeam_channel::bounded::<Job>(AHEAD * workers.get());
    let work = |taken: crossbeam_channel::Receiver<Job>| {
        for job in taken {
            let Some(answer) = job.run_while(|numbers| watch.go_on(numbers)) else {
                break;
            };
            watch.done(job, answer);
        }
    };
    thread::scope(|scope| {
        for number in 0..workers.get() {
            let name = format!("worker-{number}");
            let (work, taken) = (&work, taken.clone());
            thread::Builder::new()
                .name(name)
                .spawn_scoped(scope, move || work(taken))?;
        }
        // Now only the workers hold the receiver. If all of them panic, `send` fails.
        drop(taken);
        for job in jobs {
            if queue.send(job).is_err() {
                break;
            }
        }
        // The workers end when the queue is closed. The scope waits for them.
        drop(queue);
        Ok(())
    })
}
