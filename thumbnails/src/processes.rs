//! A process pool: a decoder that crashes, hangs or eats all memory costs one picture and a worker
//! process, never the run.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

use executors::{Error, Executor, JobType, ProcessPool, as_completed, job};

use crate::failure::Failure;
use crate::limits::Limits;
use crate::task::{Outcome, Task};

/// What a program that uses this model hands to [`executors::hook`] in the first line of `main`.
pub const JOBS: &[JobType] = &[job::<Task>()];

/// So many tasks a worker are submitted at once: a folder may have a million.
const BATCH: usize = 64;

/// Beyond its time limit a picture has so long to fail by itself, with a better reason.
const GRACE: Duration = Duration::from_secs(1);

/// What the program, its stacks and the encoder take of a worker's address space, beside the
/// picture.
const PROGRAM: u64 = 128 << 20;

/// Runs the tasks in `workers` processes. `done` is called on the calling thread with what became
/// of each, and says whether to go on: if not, those that run are finished and no other is begun.
///
/// # Errors
/// As [`run_on`], and if there is no [`executors::hook`].
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let pool = ProcessPool::new(workers.get()).map_err(io::Error::other)?;
    run_on(&pool, tasks, done)
}

/// A pool for [`run_on`] whose workers are killed when they take more time or memory for a picture
/// than the limits allow.
///
/// # Errors
/// If there is no [`executors::hook`]; if the system can't limit memory.
pub fn isolated(workers: NonZeroUsize, limits: &Limits) -> io::Result<ProcessPool> {
    ProcessPool::builder()
        .workers(workers.get())
        .job_timeout(limits.time.saturating_add(GRACE))
        // The picture at full size, its file, and what is made of it.
        .memory_limit(2 * limits.memory + limits.file + PROGRAM)
        .build()
        .map_err(io::Error::other)
}

/// [`run`] on a pool that is there already. A task whose worker dies is tried once more.
///
/// # Errors
/// If the pool takes no tasks.
pub fn run_on(
    pool: &ProcessPool,
    tasks: impl Iterator<Item = Task>,
    done: impl Fn(Task, Outcome) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut tasks = tasks.fuse();
    loop {
        let batch: Vec<_> = tasks.by_ref().take(BATCH * pool.workers()).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let mut again = Vec::new();
        let mut go_on = round(pool, batch, |task, result| {
            match result {
                // That worker may have died of something else: of a killer that saw memory run
                // short, for one.
                Err(Error::WorkerDied { .. } | Error::Garbled { .. }) => {
                    again.push(task);
                    ControlFlow::Continue(())
                }
                result => done(task, outcome(result)),
            }
        })?;
        // One at a time: two killers in a row must not take each other's second try down.
        for task in again {
            if go_on.is_break() {
                break;
            }
            go_on = round(pool, vec![task], |task, result| done(task, outcome(result)))?;
        }
        if go_on.is_break() {
            return Ok(());
        }
    }
}

/// Submits tasks and hands on what became of each, until `done` breaks off: then what has not
/// begun is cancelled.
fn round(
    pool: &ProcessPool,
    tasks: Vec<Task>,
    mut done: impl FnMut(Task, Result<Outcome, Error>) -> ControlFlow<()>,
) -> io::Result<ControlFlow<()>> {
    let futures = tasks
        .iter()
        .map(|task| pool.submit(task.clone()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(io::Error::other)?;
    let mut tasks: Vec<_> = tasks.into_iter().map(Some).collect();
    let mut go_on = ControlFlow::Continue(());
    for (index, result) in as_completed(futures) {
        let Some(task) = tasks[index].take() else {
            continue;
        };
        // One that was cancelled was never begun, and nobody needs to hear of it.
        if go_on.is_break() && result.is_err() {
            continue;
        }
        if done(task, result).is_break() && go_on.is_continue() {
            go_on = ControlFlow::Break(());
            pool.shutdown(false, true).map_err(io::Error::other)?;
        }
    }
    Ok(go_on)
}

fn outcome(result: Result<Outcome, Error>) -> Outcome {
    result.unwrap_or_else(|error| {
        Err(match error {
            Error::Overran { limit, .. } => Failure::TooSlow { limit },
            Error::WorkerDied { .. } | Error::Garbled { .. } => Failure::Died(error.to_string()),
            Error::Panicked { message, .. } => Failure::Crashed(message),
            error => Failure::NotTried(error.to_string()),
        })
    })
}
