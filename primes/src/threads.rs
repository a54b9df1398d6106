//! Threads and a queue: the first thing to reach for in Rust. There is no lock on the language, so
//! two threads are two cores.

use std::io;
use std::num::NonZeroUsize;
use std::thread;

use crate::job::Job;
use crate::watch::Watch;

/// Jobs that wait for each worker: one to go on with while the queue is filled again. More would only
/// be memory.
const AHEAD: usize = 2;

/// Runs the jobs on `workers` threads that take them from one queue. `watch` is told on them.
///
/// The queue is bounded, so an endless iterator of jobs is taken no faster than it is worked off.
///
/// # Errors
/// If the system refuses a thread; the threads already started finish what they took.
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
        // Only the workers hold the other end: should all of them panic, sending fails.
        drop(taken);
        for job in jobs {
            if queue.send(job).is_err() {
                break;
            }
        }
        // Closing the queue is what ends the workers; the scope waits for them.
        drop(queue);
        Ok(())
    })
}
