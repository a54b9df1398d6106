//! The demonstration: the same calls on both executors, with their outcomes.

use std::fmt;
use std::io::Read;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use common::cli::{Choice, Interrupt};
use common::timing::human_duration;
use executors::{
    Error, Executor, Job, JobType, ProcessPool, ThreadPool, Until, as_completed, job, wait,
};
use serde::{Deserialize, Serialize};

use super::args::Kind;

/// The job types that the worker processes know.
pub(crate) const JOBS: &[JobType] = &[job::<Task>()];

/// The jobs of the demonstration.
#[derive(Serialize, Deserialize)]
enum Task {
    /// Count the primes below a number, slowly.
    Primes(u64),
    /// Take this number of milliseconds, and return it.
    Take(u64),
    /// Run until this port of the machine is no longer listened to.
    Hold(u16),
    Panic,
    /// End the whole process, like a crash.
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
            Task::Hold(port) => {
                // No data ever comes: both calls end when the listener is closed.
                if let Ok(mut gate) = TcpStream::connect((Ipv4Addr::LOCALHOST, port))
                    && gate.set_read_timeout(Some(HELD)).is_ok()
                {
                    let _ = gate.read(&mut [0]);
                }
                0
            }
            Task::Panic => panic!("this job panics on purpose"),
            Task::Abort => std::process::abort(),
        }
    }
}

/// The maximum time of a held job. It matters only if another program has taken the port in the
/// meantime: then the demonstration must not wait forever.
const HELD: Duration = Duration::from_secs(10);

fn is_prime(n: u64) -> bool {
    (2..)
        .take_while(|d| d * d <= n)
        .all(|d| !n.is_multiple_of(d))
}

/// Hides the panics of the demonstration from the terminal. Their messages are shown as errors.
pub(crate) fn hide_its_panics() {
    let usual = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if info.location().is_none_or(|place| place.file() != file!()) {
            usual(info);
        }
    }));
}

/// One call, with its outcome on threads and in processes.
#[derive(Serialize)]
struct Step {
    call: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    threads: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    processes: Option<String>,
}

/// The results of the demonstration.
#[derive(Serialize)]
pub(super) struct Shown {
    workers: usize,
    steps: Vec<Step>,
    #[serde(skip_serializing_if = "Option::is_none")]
    worker_cpu_ms: Option<f64>,
}

/// A call of the demonstration.
#[derive(Clone, Copy)]
enum Call {
    Submit,
    Map,
    AsCompleted,
    Wait,
    Cancel,
    Panic,
    Kill,
    RoundTrip,
}

impl Call {
    const ALL: [Call; 8] = [
        Call::Submit,
        Call::Map,
        Call::AsCompleted,
        Call::Wait,
        Call::Cancel,
        Call::Panic,
        Call::Kill,
        Call::RoundTrip,
    ];

    fn name(self) -> &'static str {
        match self {
            Call::Submit => "submit",
            Call::Map => "map",
            Call::AsCompleted => "as_completed",
            Call::Wait => "wait",
            Call::Cancel => "cancel",
            Call::Panic => "a panic",
            Call::Kill => "a killed worker",
            Call::RoundTrip => "a round trip",
        }
    }
}

/// The pools of one model.
struct Side<E> {
    pool: E,
    /// A pool with one worker: while it is busy, further jobs stay pending.
    single: E,
    /// Kills a worker, and returns the outcome.
    kill: fn(&E) -> Result<String, Error>,
}

impl Side<ThreadPool> {
    fn threads(workers: usize) -> Result<Self, Error> {
        Ok(Self {
            pool: ThreadPool::new(workers)?,
            single: ThreadPool::new(1)?,
            kill: |_| Ok("not tried: it would take this program with it".to_owned()),
        })
    }
}

impl Side<ProcessPool> {
    fn processes(workers: usize) -> Result<Self, Error> {
        let pool = ProcessPool::new(workers)?;
        pool.warm_up()?;
        Ok(Self {
            pool,
            single: ProcessPool::new(1)?,
            kill: killed,
        })
    }
}

impl<E: Executor> Side<E> {
    /// Makes a call, and returns its outcome.
    fn make(&self, call: Call, interrupt: &Interrupt) -> anyhow::Result<String> {
        Ok(match call {
            Call::Submit => submit(&self.pool)?,
            Call::Map => map(&self.pool)?,
            Call::AsCompleted => completed(&self.pool)?,
            Call::Wait => first(&self.pool)?,
            Call::Cancel => cancel(&self.single, interrupt)?,
            Call::Panic => panicking(&self.pool)?,
            Call::Kill => (self.kill)(&self.pool)?,
            Call::RoundTrip => round_trip(&self.pool)?,
        })
    }
}

/// Makes every call on the chosen executors, until all are done or the user interrupts.
pub(super) fn show(
    model: Choice<Kind>,
    workers: usize,
    interrupt: &Interrupt,
) -> anyhow::Result<Shown> {
    let threads = model
        .includes(Kind::Threads)
        .then(|| Side::threads(workers));
    let threads = threads.transpose()?;
    let processes = model
        .includes(Kind::Processes)
        .then(|| Side::processes(workers));
    let processes = processes.transpose()?;
    let mut steps = Vec::new();
    for call in Call::ALL {
        if interrupt.raised() {
            break;
        }
        let on_threads = threads.as_ref().map(|side| side.make(call, interrupt));
        let in_processes = processes.as_ref().map(|side| side.make(call, interrupt));
        steps.push(Step {
            call: call.name(),
            threads: on_threads.transpose()?,
            processes: in_processes.transpose()?,
        });
    }
    let cancel = interrupt.raised();
    if let Some(side) = &threads {
        side.pool.shutdown(true, cancel)?;
    }
    if let Some(side) = &processes {
        side.pool.shutdown(true, cancel)?;
    }
    let cpu = processes.map(|side| side.pool.cpu_time());
    Ok(Shown {
        workers,
        steps,
        worker_cpu_ms: cpu.map(|cpu| cpu.as_secs_f64() * 1e3),
    })
}

fn submit(pool: &impl Executor) -> Result<String, Error> {
    let future = pool.submit(Task::Primes(100_000))?;
    Ok(format!("{} primes below 100,000", future.result()?))
}

fn map(pool: &impl Executor) -> Result<String, Error> {
    // The iterator is endless: the map submits only a few jobs ahead. The jobs grow, so their
    // number must not depend on the number of workers.
    let jobs = (1..).map(|n| Task::Primes(n * 1000));
    let results = pool.map(jobs).chunk(4).buffer(8);
    let counts: Vec<_> = results
        .take(5)
        .map(|count| count.map(|count| count.to_string()))
        .collect::<Result<_, _>>()?;
    Ok(format!("in order: {}", counts.join(" ")))
}

fn completed(pool: &impl Executor) -> Result<String, Error> {
    // Even with one worker the slow job comes first.
    let times = [60, 20, 1];
    let futures: Vec<_> = times
        .map(|time| pool.submit(Task::Take(time)))
        .into_iter()
        .collect::<Result<_, _>>()?;
    let order: Vec<_> = as_completed(futures)
        .map(|(index, result)| result.map(|_| format!("#{index}")))
        .collect::<Result<_, _>>()?;
    let order = order.join(" ");
    let workers = pool.workers();
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

fn cancel(pool: &impl Executor, interrupt: &Interrupt) -> anyhow::Result<String> {
    // The job runs while this port is listened to: so on any machine it is running when it is
    // cancelled.
    let gate = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    let running = pool.submit(Task::Hold(gate.local_addr()?.port()))?;
    // On a machine that can't connect to itself, it would be done at once.
    while !(running.is_running() || running.is_done() || interrupt.raised()) {
        std::thread::yield_now();
    }
    let pending = pool.submit(Task::Take(0))?;
    let (pending, running) = (pending.cancel(), running.cancel());
    drop(gate);
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
        Err(Error::WorkerDied { exit, .. }) => {
            Ok(format!("it died ({exit}); the next job: {after} primes"))
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

impl Shown {
    /// The conclusion.
    pub(super) fn point(&self) -> String {
        let workers = self.workers;
        let Some(cpu) = self.worker_cpu_ms else {
            return format!("{workers} workers, threads of this process.");
        };
        let used = format!("{workers} workers; the processes used {cpu:.0} ms of CPU time.");
        if self.steps.iter().all(|step| step.threads.is_none()) {
            return used;
        }
        format!(
            "{used}\nThe same calls gave the same answers. A round trip to a thread costs less,\n\
             and threads share memory. If a job kills its process, the process pool continues.\n\n{}",
            common::cli::read_next("executors")
        )
    }
}

impl fmt::Display for Shown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for step in &self.steps {
            writeln!(f, "{}", step.call)?;
            let sides = [("threads", &step.threads), ("processes", &step.processes)];
            for (model, what) in sides {
                if let Some(what) = what {
                    writeln!(f, "    {model:<9}  {what}")?;
                }
            }
        }
        Ok(())
    }
}
