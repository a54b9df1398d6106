//! async, for its purpose: tasks await reading and writing, and a pool decodes.

use std::future::poll_fn;
use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::task::Poll;
use std::thread;
use std::time::Instant;

use executors::ThreadPool;
use tokio::runtime::Builder;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet, spawn_blocking};

use crate::failure::Failure;
use crate::task::{Made, Outcome, Task};

/// The maximum number of files that are read or written at a time. It is larger than the number of
/// workers, because waiting for a disk needs no CPU. It is limited, because each needs a thread
/// that waits for the system, and the file's memory (all together within the memory limit).
pub const READERS: usize = 64;

/// Runs the tasks on an async runtime, with `workers` further threads that compute. `done` is
/// called on the calling thread with each outcome, and returns whether to continue. If not, the
/// pictures that are being decoded are finished. The others are given up, and not reported.
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
    let stopped = Arc::new(AtomicBool::new(false));
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
                        let (pool, stopped) = (Arc::clone(&pool), Arc::clone(&stopped));
                        running.spawn(async move {
                            let task = Arc::new(task);
                            let made = one(&task, &pool, &stopped).await;
                            (Arc::unwrap_or_clone(task), made)
                        });
                    }
                    Some(Event::Done(joined)) => {
                        let (task, made) = joined.map_err(io::Error::other)?;
                        if let Some(outcome) = made.transpose()
                            && done(task, outcome).is_break()
                        {
                            stopped.store(true, Relaxed);
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
    Done(Result<(Task, Result<Option<Made>, Failure>), JoinError>),
}

/// Makes one thumbnail; `None` if the run was stopped before.
async fn one(
    task: &Arc<Task>,
    pool: &ThreadPool,
    stopped: &Arc<AtomicBool>,
) -> Result<Option<Made>, Failure> {
    let start = Instant::now();
    let not_tried = |error: &dyn std::fmt::Display| Failure::NotTried(error.to_string());
    let mut memory = 0;
    let thumbnail = loop {
        let this = Arc::clone(task);
        let mut bytes = spawn_blocking(move || this.read_with(memory))
            .await
            .map_err(|error| not_tried(&error))??;
        let (this, stopped) = (Arc::clone(task), Arc::clone(stopped));
        let made = pool
            .spawn(move || match stopped.load(Relaxed) {
                true => None,
                false => Some(this.make_within(&mut bytes)),
            })
            .map_err(|error| not_tried(&error))?
            .await
            .map_err(|error| not_tried(&error))?;
        match made {
            None => return Ok(None),
            // The worker must not wait for memory: tasks that hold their files need it to release
            // theirs.
            Some(Err(Failure::NoRoom { bytes })) if memory == 0 => memory = bytes,
            Some(made) => break made?,
        }
    };
    let this = Arc::clone(task);
    let made = spawn_blocking(move || this.write(&thumbnail, start)).await;
    made.map_err(|error| not_tried(&error))?.map(Some)
}
