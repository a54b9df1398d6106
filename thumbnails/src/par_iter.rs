//! rayon: a parallel iterator over the tasks.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::task::{Outcome, Task};

/// Runs the tasks on a rayon pool of `workers` threads. `done` is called on them with what became
/// of each, and says whether to go on: if not, those that run are finished and no other is begun.
///
/// The threads block while they read and write, which rayon's should not: with spinning disks or a
/// network behind the files, take more workers than CPUs, or another model.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers.get())
        .thread_name(|number| format!("rayon-{number}"))
        .build()
        // Its text holds its cause already.
        .map_err(|error| io::Error::other(error.to_string()))?;
    pool.install(|| {
        // A bridge, since tasks come lazily: a folder may have a million.
        let _stopped = tasks.par_bridge().try_for_each(|task| {
            let outcome = task.run();
            done(task, outcome)
        });
    });
    Ok(())
}
