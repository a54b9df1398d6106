//! async, where it belongs: reading and writing are awaited, and a pool decodes.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::time::Instant;

use executors::ThreadPool;
use tokio::runtime::Builder;
use tokio::task::{JoinSet, spawn_blocking};

use crate::failure::Failure;
use crate::task::{Outcome, Task};

/// So many files are read or written at a time, however few workers there are: to wait for a disk
/// takes no CPU. It is a bound, too: each has a thread that waits for the system, and a file that was
/// read stands in memory (all together within the limit of that).
pub const READERS: usize = 64;

/// Runs the tasks on an async runtime, with `workers` threads beside it that compute. `done` is
/// called on the calling thread with what became of each, and says whether to go on: if not, those
/// that were begun are finished and no other is.
///
/// At any time at most [`READERS`] tasks are under way, or two a worker where that is more.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(
    mut tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let most = READERS.max(2 * workers.get());
    // tokio's files are blocking threads too. A task waits in one of them at a time.
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(most)
        .build()?;
    let pool = Arc::new(ThreadPool::new(workers.get()).map_err(io::Error::other)?);
    runtime.block_on(async {
        let mut running = JoinSet::new();
        let mut go_on = ControlFlow::Continue(());
        loop {
            while go_on.is_continue()
                && running.len() < most
                && let Some(task) = tasks.next()
            {
                let pool = Arc::clone(&pool);
                running.spawn(async move {
                    let task = Arc::new(task);
                    let outcome = one(&task, &pool).await;
                    (Arc::unwrap_or_clone(task), outcome)
                });
            }
            match running.join_next().await {
                Some(Ok((task, outcome))) => {
                    if done(task, outcome).is_break() {
                        go_on = ControlFlow::Break(());
                    }
                }
                Some(Err(error)) => return Err(io::Error::other(error)),
                None => return Ok(()),
            }
        }
    })
}

async fn one(task: &Arc<Task>, pool: &ThreadPool) -> Outcome {
    let start = Instant::now();
    let not_tried = |error: &dyn std::fmt::Display| Failure::NotTried(error.to_string());
    let mut memory = 0;
    let thumbnail = loop {
        let this = Arc::clone(task);
        let mut bytes = spawn_blocking(move || this.read_with(memory))
            .await
            .map_err(|error| not_tried(&error))??;
        let this = Arc::clone(task);
        let made = pool
            .spawn(move || this.make_within(&mut bytes))
            .map_err(|error| not_tried(&error))?
            .await
            .map_err(|error| not_tried(&error))?;
        match made {
            // No worker waits for room: others, whose files are read, need it to give theirs back.
            Err(Failure::NoRoom { bytes }) if memory == 0 => memory = bytes,
            made => break made?,
        }
    };
    let this = Arc::clone(task);
    spawn_blocking(move || this.write(&thumbnail, start))
        .await
        .map_err(|error| not_tried(&error))?
}
