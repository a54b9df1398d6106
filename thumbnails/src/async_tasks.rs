//! async, where it belongs: reading and writing are awaited, and a pool decodes.

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
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let most = READERS.max(2 * workers.get());
    // tokio's files are blocking threads too. A task waits in one of them at a time.
    let runtime = Builder::new_current_thread()
        .max_blocking_threads(most)
        .build()?;
    let pool = Arc::new(ThreadPool::new(workers.get()).map_err(io::Error::other)?);
    let (give, mut take) = mpsc::channel(1);
    thread::scope(|scope| {
        // The iterator may wait, for a list that comes slowly: what is under way must not.
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

/// What there is to be done next.
enum Event {
    /// A task to begin.
    Task(Task),
    /// A task that is finished.
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
