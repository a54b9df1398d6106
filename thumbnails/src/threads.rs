//! A thread pool, as in the workshop: submit all, and hear of each as it completes.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use executors::{Executor, ThreadPool, as_completed};

use crate::failure::Failure;
use crate::task::{Outcome, Task};

/// So many tasks a worker are submitted at once: a folder may have a million. At the end of each
/// batch a worker may wait for the others, once in so many pictures.
const BATCH: usize = 64;

/// Runs the tasks on `workers` threads. `done` is called on the calling thread with what became of
/// each, and says whether to go on: if not, those that run are finished and no other is begun.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let pool = ThreadPool::new(workers.get()).map_err(io::Error::other)?;
    let mut tasks = tasks.fuse();
    loop {
        let mut batch: Vec<_> = tasks
            .by_ref()
            .take(BATCH * workers.get())
            .map(Some)
            .collect();
        if batch.is_empty() {
            return Ok(());
        }
        let futures = batch
            .iter()
            .flatten()
            .map(|task| pool.submit(task.clone()))
            .collect::<Result<Vec<_>, _>>()
            .map_err(io::Error::other)?;
        let mut go_on = ControlFlow::Continue(());
        for (index, result) in as_completed(futures) {
            // One that was cancelled was never begun, and nobody needs to hear of it.
            let Some(task) = batch[index]
                .take()
                .filter(|_| go_on.is_continue() || result.is_ok())
            else {
                continue;
            };
            let outcome = result.unwrap_or_else(|error| Err(Failure::NotTried(error.to_string())));
            if done(task, outcome).is_break() && go_on.is_continue() {
                go_on = ControlFlow::Break(());
                // Without waiting: the loop does that, and still hears of those that run.
                pool.shutdown(false, true).map_err(io::Error::other)?;
            }
        }
        if go_on.is_break() {
            return Ok(());
        }
    }
}
