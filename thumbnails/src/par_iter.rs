//! rayon: a parallel iterator over the tasks.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use rayon::iter::{ParallelBridge, ParallelIterator};

use crate::task::{Outcome, Task};

/// Runs the tasks on a rayon pool of `workers` threads. `done` is called on these threads with each
/// outcome, and returns whether to continue. If not, the running tasks are finished and no other is
/// started.
///
/// The threads block while they read and write, which rayon's threads should not do. With spinning
/// disks or a network, use more workers than CPUs, or another model.
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
        // The text of this error already contains its cause.
        .map_err(|error| io::Error::other(error.to_string()))?;
    pool.install(|| {
        // `par_bridge`, because tasks are created lazily: a folder may have a million.
        let _stopped = tasks.par_bridge().try_for_each(|task| {
            let outcome = task.run();
            done(task, outcome)
        });
    });
    Ok(())
}
