//! A thread pool, as in the workshop: submit, and hear of each as it completes.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;

use executors::{Executor, ThreadPool, as_completed};

use crate::failure::Failure;
use crate::task::{Outcome, Task};

/// So many tasks a worker are under way: the one it is at, and a few that wait for it, so that it
/// need not wait itself while the calling thread writes down what became of the last. No more, as a
/// folder may have a million.
pub const AHEAD: usize = 4;

/// Runs the tasks on `workers` threads, [`AHEAD`] a worker submitted at any time. `done` is called
/// on the calling thread with what became of each, and says whether to go on: if not, those that
/// run are finished and no other is begun.
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
    // By their future's place.
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
        // One that was cancelled was never begun, and nobody needs to hear of it.
        let Some(task) = under_way[place]
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
}
