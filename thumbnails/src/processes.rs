//! A process pool: a decoder that crashes, hangs or eats all memory costs one picture and a worker
//! process, never the run.

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

/// What a program that uses this model hands to [`executors::hook`] in the first line of `main`.
pub const JOBS: &[JobType] = &[
    job::<Task>(),
    #[cfg(feature = "cluster")]
    job::<crate::cluster::SharedTask>(),
];

/// So many tasks a worker are under way: the one it is at, and a few that wait for it, so that it
/// need not wait itself while the calling thread writes down what became of the last. No more, as a
/// folder may have a million.
pub const AHEAD: usize = 4;

/// So many workers may be lost in a row, each with a picture, before the pool takes it that no
/// worker can live here and gives up. A picture takes two at most: a hundred that crash their
/// decoder, side by side, are more than an accident.
const MOST_LOST: u32 = 200;

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
    let pool = pool(workers).build().map_err(io::Error::other)?;
    run_on(&pool, tasks, done)
}

fn pool(workers: NonZeroUsize) -> ProcessPoolBuilder {
    ProcessPool::builder()
        .workers(workers.get())
        .restart_limit(MOST_LOST)
}

/// A worker's share of the memory: processes can't wait for each other's.
fn share(limits: &Limits, workers: NonZeroUsize) -> u64 {
    limits.memory / workers.get() as u64
}

/// A pool for [`run_on`] whose workers are killed when they take more time or memory for a picture
/// than the limits allow.
///
/// # Errors
/// If there is no [`executors::hook`]; if the system can't limit memory.
pub fn isolated(workers: NonZeroUsize, limits: &Limits) -> io::Result<ProcessPool> {
    pool(workers)
        .job_timeout(limits.time.saturating_add(GRACE))
        .memory_limit(share(limits, workers) + PROGRAM)
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
    // By their future's place.
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
        // One that was cancelled was never begun, and nobody needs to hear of it.
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
        // That worker may have died of something else: of a killer that saw memory run short, for
        // one.
        if died && which == Try::First {
            again = Some((task, Try::Second));
            continue;
        }
        if done(task, outcome(result)).is_break() && go_on.is_continue() {
            go_on = ControlFlow::Break(());
            // Without waiting: the loop does that, and still hears of those that run.
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
