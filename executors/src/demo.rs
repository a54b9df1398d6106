//! The demonstration: the same calls on both executors, and what came of each.

use std::fmt;
use std::time::{Duration, Instant};

use common::cli::Interrupt;
use common::timing::human_duration;
use executors::{
    Error, Executor, Job, JobType, ProcessPool, ThreadPool, Until, as_completed, job, wait,
};
use serde::{Deserialize, Serialize};

/// What the worker processes know.
pub(crate) const JOBS: &[JobType] = &[job::<Task>()];

/// The jobs of the demonstration.
#[derive(Serialize, Deserialize)]
enum Task {
    /// Count the primes below a number, slowly.
    Primes(u64),
    /// Take so many milliseconds, and return them.
    Take(u64),
    Panic,
    /// End the whole process, as a crash would.
    Abort,
}

impl Job for Task {
    type Output = u64;

    fn run(self) -> u64 {
        match self {
            Task::Primes(end) => (2..end).filter(|&n| is_prime(n)).count() as u64,
            Task::Take(milliseconds) => {
                std::thread::sleep(Duration::from_millis(milliseconds));
                milliseconds
            }
            Task::Panic => panic!("I was told to panic"),
            Task::Abort => std::process::abort(),
        }
    }
}

fn is_prime(n: u64) -> bool {
    (2..)
        .take_while(|d| d * d <= n)
        .all(|d| !n.is_multiple_of(d))
}

/// Keeps the demonstration's own panics off the terminal: their messages are shown as errors.
pub(crate) fn hide_its_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.location().is_none_or(|place| place.file() != file!()) {
            usual(info);
        }
    }));
}

/// One call, and what came of it on threads and in processes.
#[derive(Serialize)]
struct Step {
    call: &'static str,
    threads: String,
    processes: String,
}

/// What was shown.
#[derive(Serialize)]
pub(crate) struct Shown {
    workers: usize,
    steps: Vec<Step>,
    worker_cpu_ms: f64,
}

type Act<'a> = &'a dyn Fn() -> Result<String, Error>;

/// Makes every call on both executors, until done or interrupted.
pub(crate) fn show(workers: usize, interrupt: &Interrupt) -> Result<Shown, Error> {
    let threads = ThreadPool::new(workers)?;
    let processes = ProcessPool::new(workers)?;
    processes.warm_up()?;
    let (one_thread, one_process) = (ThreadPool::new(1)?, ProcessPool::new(1)?);
    let killed: Act<'_> = &|| killed(&processes);
    let no_kill: Act<'_> = &|| Ok("not tried: it would take this program with it".to_owned());
    let calls: [(&'static str, Act<'_>, Act<'_>); 8] = [
        ("submit", &|| submit(&threads), &|| submit(&processes)),
        ("map", &|| map(&threads), &|| map(&processes)),
        ("as_completed", &|| completed(&threads, workers), &|| {
            completed(&processes, workers)
        }),
        ("wait", &|| first(&threads), &|| first(&processes)),
        ("cancel", &|| cancel(&one_thread), &|| cancel(&one_process)),
        ("a panic", &|| panicking(&threads), &|| {
            panicking(&processes)
        }),
        ("a killed worker", no_kill, killed),
        ("a round trip", &|| round_trip(&threads), &|| {
            round_trip(&processes)
        }),
    ];
    let mut steps = Vec::new();
    for (call, on_threads, in_processes) in calls {
        if interrupt.raised() {
            break;
        }
        steps.push(Step {
            call,
            threads: on_threads()?,
            processes: in_processes()?,
        });
    }
    let cancel = interrupt.raised();
    processes.shutdown(true, cancel)?;
    threads.shutdown(true, cancel)?;
    Ok(Shown {
        workers,
        steps,
        worker_cpu_ms: processes.cpu_time().as_secs_f64() * 1e3,
    })
}

fn submit(pool: &impl Executor) -> Result<String, Error> {
    let future = pool.submit(Task::Primes(100_000))?;
    Ok(format!("{} primes below 100,000", future.result()?))
}

fn map(pool: &impl Executor) -> Result<String, Error> {
    // The iterator has no end: only what is asked for, and a little more, is submitted.
    let results = pool.map((1..).map(|n| Task::Primes(n * 1000))).chunk(4);
    let counts: Vec<_> = results
        .take(5)
        .map(|count| count.map(|count| count.to_string()))
        .collect::<Result<_, _>>()?;
    Ok(format!("in order: {}", counts.join(" ")))
}

fn completed(pool: &impl Executor, workers: usize) -> Result<String, Error> {
    // With one worker the slow one comes first all the same.
    let times = [60, 20, 1];
    let futures: Vec<_> = times
        .map(|time| pool.submit(Task::Take(time)))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let order: Vec<_> = as_completed(futures)
        .map(|(index, result)| result.map(|_| format!("#{index}")))
        .collect::<Result<_, _>>()?;
    let order = order.join(" ");
    Ok(format!("of 60, 20 and 1 ms on {workers}: {order}"))
}

fn first(pool: &impl Executor) -> Result<String, Error> {
    let futures = [pool.submit(Task::Take(1))?, pool.submit(Task::Take(100))?];
    let waited = wait(
        &futures,
        Until::FirstCompleted,
        Some(Duration::from_secs(5)),
    )?;
    let (done, not_done) = (waited.done.len(), waited.not_done.len());
    Ok(format!("first completed: {done} done, {not_done} not"))
}

fn cancel(pool: &impl Executor) -> Result<String, Error> {
    let running = pool.submit(Task::Take(50))?;
    while !running.is_running() {
        std::thread::yield_now();
    }
    let pending = pool.submit(Task::Abort)?;
    let (running, pending) = (running.cancel(), pending.cancel());
    Ok(format!("pending: {pending}, running: {running}"))
}

fn panicking(pool: &impl Executor) -> Result<String, Error> {
    Ok(match pool.submit(Task::Panic)?.result() {
        Ok(_) => "no error".to_owned(),
        Err(error) => error.to_string(),
    })
}

fn killed(pool: &ProcessPool) -> Result<String, Error> {
    let doomed = pool.submit(Task::Abort)?.result();
    let after = pool.submit(Task::Primes(100))?.result()?;
    match doomed {
        Ok(_) => Ok("no error".to_owned()),
        Err(Error::WorkerDied { status, .. }) => {
            Ok(format!("it died ({status}); the next job: {after} primes"))
        }
        Err(error) => Err(error),
    }
}

fn round_trip(pool: &impl Executor) -> Result<String, Error> {
    let mut times = Vec::new();
    for _ in 0..5000 {
        let start = Instant::now();
        pool.submit(Task::Take(0))?.result()?;
        times.push(start.elapsed());
    }
    times.sort();
    Ok(format!("{} (median of 5000)", human_duration(times[2500])))
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{}", step.call)?;
            writeln!(f, "    threads    {}", step.threads)?;
            writeln!(f, "    processes  {}", step.processes)?;
        }
        writeln!(
            f,
            "\n{} workers each; the processes used {:.0} ms of CPU time. Same calls, same answers: \
             threads are\ncheaper and share memory, processes survive what kills one of them.",
            self.workers, self.worker_cpu_ms
        )
    }
}
