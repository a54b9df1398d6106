//! async, for its purpose: tasks await reading and writing, and a pool decodes.

use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::task::Poll;
use std::thread;
use std::time::Instant;

use executors::ThreadPool;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use crate::failure::Failure;
use crate::task::{Outcome, Task};

/// The maximum number of files that are read or written at a time. It is larger than the number of
/// workers, because waiting for a disk needs no CPU. It is limited, because each needs a thread
/// that waits for the system, and the file's memory (all together within the memory limit).
pub const READERS: usize = 64;

/// Runs the tasks on an async runtime, with `workers` further threads that compute. `done` is
/// called on the calling thread with each outcome, and returns whether to continue. If not, the
/// started tasks are finished and no other is started.
///
/// At most [`READERS`] tasks are under way at a time, or two per worker if that is more.
///
/// # Errors
/// If the system refuses a thread.
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let most = READERS.max(2 * workers.get());
    // tokio's file operations use blocking threads too. A task waits for one of them at a time.
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(most)
        .build()?;
    let pool = Arc::new(ThreadPool::new(workers.get()).map_err(io::Error::other)?);
    let (give, mut take) = mpsc::channel(1);
    thread::scope(|scope| {
        // The iterator may block, if a list comes slowly. The running tasks must not wait for it.
        thread::Builder::new().spawn_scoped(scope, move || {
            for task in tasks {
                if give.blocking_send(task).is_err() {
                    return;
                }
            }
        })?;
        runtime.block_on(async {
            let mut running = JoinSet::new();
            let mut more = true;
            loop {
                let event = poll_fn(|context| {
                    if let Poll::Ready(Some(joined)) = running.poll_join_next(context) {
                        return Poll::Ready(Some(Event::Done(joined)));
                    }
                    if more && running.len() < most {
                        match take.poll_recv(context) {
                            Poll::Ready(Some(task)) => return Poll::Ready(Some(Event::Task(task))),
                            Poll::Ready(None) => more = false,
                            Poll::Pending => {}
                        }
                    }
                    match more || !running.is_empty() {
                        true => Poll::Pending,
                        false => Poll::Ready(None),
                    }
                });
                match event.await {
                    Some(Event::Task(task)) => {
                        let pool = Arc::clone(&pool);
                        running.spawn(async move {
                            let task = Arc::new(task);
                            let outcome = one(&task, &pool).await;
                            (Arc::unwrap_or_clone(task), outcome)
                        });
                    }
                    Some(Event::Done(joined)) => {
                        let (task, outcome) = joined.map_err(io::Error::other)?;
                        if done(task, outcome).is_break() {
                            more = false;
                            take.close();
                        }
                    }
                    None => return Ok(()),
                }
            }
        })
    })
}

/// The next event of the loop.
enum Event {
    /// Start a task.
    Task(Task),
    /// A task has finished.
    Done(Result<(Task, Outcome), JoinError>),
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
            // The worker must not wait for memory: tasks that hold their files need it to release
            // theirs.
            Err(Failure::NoRoom { bytes }) if memory == 0 => memory = bytes,
            made => break made?,
        }
    };
    let this = Arc::clone(task);
    spawn_blocking(move || this.write(&thumbnail, start))
        .await
        .map_err(|error| not_tried(&error))?
}
