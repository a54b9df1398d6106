//! A thread pool, as in the workshop: submit all tasks, and handle each outcome as it completes.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use executors::{Executor, ThreadPool, as_completed};

use crate::failure::Failure;
use crate::task::{Outcome, Task};

/// The number of tasks under way per worker: one that runs, and some that wait. So the worker does
/// not wait while the calling thread handles an outcome. It is limited, because a folder may have a
/// million pictures.
pub const AHEAD: usize = 4;

/// Runs the tasks on `workers` threads, with [`AHEAD`] tasks per worker submitted at any time.
/// `done` is called on the calling thread with each outcome, and returns whether to continue. If
/// not, the running tasks are finished and no other is started.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let pool = ThreadPool::new(workers.get()).map_err(io::Error::other)?;
    let most = AHEAD * workers.get();
    let mut tasks = tasks.fuse();
    let mut completed = as_completed([]);
    // The index is that of the future.
    let mut under_way: Vec<Option<Task>> = vec![None; most];
    let mut go_on = ControlFlow::Continue(());
    loop {
        while go_on.is_continue()
            && completed.len() < most
            && let Some(task) = tasks.next()
        {
            let future = pool.submit(task.clone()).map_err(io::Error::other)?;
            under_way[completed.push(future)] = Some(task);
        }
        let Some((place, result)) = completed.next() else {
            return Ok(());
        };
        // A cancelled task was never started, so it is not reported.
        let Some(task) = under_way[place]
            .take()
            .filter(|_| go_on.is_continue() || result.is_ok())
        else {
            continue;
        };
        let outcome = result.unwrap_or_else(|error| Err(Failure::NotTried(error.to_string())));
        if done(task, outcome).is_break() && go_on.is_continue() {
            go_on = ControlFlow::Break(());
            // Without waiting: the loop waits, and still handles the running tasks.
            pool.shutdown(false, true).map_err(io::Error::other)?;
        }
    }
}
