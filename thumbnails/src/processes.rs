//! A process pool: a decoder that crashes, hangs or uses all memory costs one picture and a worker
//! process, but never the run.

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::Duration;

use executors::{
    Error, Executor, Job, JobType, ProcessPool, ProcessPoolBuilder, as_completed, job,
};

use crate::failure::Failure;
use crate::limits::Limits;
use crate::task::{Outcome, Task};

/// The job types for [`executors::hook`] in the first line of `main`.
pub const JOBS: &[JobType] = &[
    job::<Task>(),
    #[cfg(feature = "cluster")]
    job::<crate::cluster::SharedTask>(),
];

/// The number of tasks under way per worker: one that runs, and some that wait. So the worker does
/// not wait while the calling thread handles an outcome. It is limited, because a folder may have a
/// million pictures.
pub const AHEAD: usize = 4;

/// The number of workers that may be lost in a row, each with a picture, before the pool gives up.
/// A picture costs at most two workers. A hundred pictures in a row that crash their decoder are
/// not an accident: then no worker can run on this machine.
const MOST_LOST: u32 = 200;

/// The further time after the time limit, in which a picture may fail by itself, with a better
/// reason.
const GRACE: Duration = Duration::from_secs(1);

/// The address space for the program, its stacks and the encoder, besides the picture.
const PROGRAM: u64 = 128 << 20;

/// Runs the tasks in `workers` processes. `done` is called on the calling thread with each outcome,
/// and returns whether to continue. If not, the running tasks are finished and no other is started.
///
/// # Errors
/// As [`run_on`], and if [`executors::hook`] was not called.
pub fn run(
    tasks: impl Iterator<Item = Task> + Send,
    workers: NonZeroUsize,
    done: impl Fn(Task, Outcome) -> ControlFlow<()> + Sync,
) -> io::Result<()> {
    let pool = pool(workers).build().map_err(io::Error::other)?;
    run_on(&pool, tasks, done)
}

fn pool(workers: NonZeroUsize) -> ProcessPoolBuilder {
    ProcessPool::builder()
        .workers(workers.get())
        .restart_limit(MOST_LOST)
}

/// A worker's share of the memory: processes can't wait for each other.
fn share(limits: &Limits, workers: NonZeroUsize) -> u64 {
    limits.memory / workers.get() as u64
}

/// A pool for [`run_on`] that kills a worker if its picture needs more time or memory than the
/// limits.
///
/// # Errors
/// If [`executors::hook`] was not called, or the system can't limit memory.
pub fn isolated(workers: NonZeroUsize, limits: &Limits) -> io::Result<ProcessPool> {
    pool(workers)
        .job_timeout(limits.time.saturating_add(GRACE))
        .memory_limit(share(limits, workers) + PROGRAM)
        .build()
        .map_err(io::Error::other)
}

/// Like [`run`], on an existing pool. A task whose worker dies is tried once more.
///
/// # Errors
/// If the pool does not accept tasks.
pub fn run_on(
    pool: &ProcessPool,
    tasks: impl Iterator<Item = Task>,
    done: impl Fn(Task, Outcome) -> ControlFlow<()>,
) -> io::Result<()> {
    let workers = NonZeroUsize::new(pool.workers()).unwrap_or(NonZeroUsize::MIN);
    let job = |task: &Task| {
        let mut job = task.clone();
        job.settings.limits.memory = share(&job.settings.limits, workers);
        job
    };
    run_with(pool, AHEAD * workers.get(), job, tasks, done)
}

/// [`run_on`] with any executor of jobs that travel: this machine's processes, or other machines. At
/// most `most` are under way; `job` is what is sent for a task.
///
/// # Errors
/// If the executor takes no tasks.
pub fn run_with<J: Job<Output = Outcome>>(
    pool: &impl Executor,
    most: usize,
    job: impl Fn(&Task) -> J,
    tasks: impl Iterator<Item = Task>,
    done: impl Fn(Task, Outcome) -> ControlFlow<()>,
) -> io::Result<()> {
    let mut tasks = tasks.map(|task| (task, Try::First)).fuse();
    let mut again = None;
    let mut completed = as_completed([]);
    // The index is that of the future.
    let mut under_way: Vec<Option<(Task, Try)>> = vec![None; most];
    let mut go_on = ControlFlow::Continue(());
    loop {
        while go_on.is_continue()
            && completed.len() < most
            && let Some((task, which)) = again.take().or_else(|| tasks.next())
        {
            let future = pool.submit(job(&task)).map_err(io::Error::other)?;
            under_way[completed.push(future)] = Some((task, which));
        }
        let Some((place, result)) = completed.next() else {
            return Ok(());
        };
        // A cancelled task was never started, so it is not reported.
        let Some((task, which)) = under_way[place]
            .take()
            .filter(|_| go_on.is_continue() || result.is_ok())
        else {
            continue;
        };
        let died = matches!(
            result,
            Err(Error::WorkerDied { .. } | Error::Garbled { .. })
        );
        // The worker may have died for another reason: for example, the system was short of memory
        // and killed it.
        if died && which == Try::First {
            again = Some((task, Try::Second));
            continue;
        }
        if done(task, outcome(result)).is_break() && go_on.is_continue() {
            go_on = ControlFlow::Break(());
            // Without waiting: the loop waits, and still handles the running tasks.
            pool.shutdown(false, true).map_err(io::Error::other)?;
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Try {
    First,
    Second,
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
