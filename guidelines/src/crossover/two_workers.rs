//! How long a task must be before two workers are faster than one, under each model.

use super::{About, Crossover, find, sizes};
use crate::child::{self, Role};
use crate::costs::Kit;
use crate::figure::Unit;
use crate::jobs::Compute;
use crate::sample::Run;
use executors::{Executor, Job, ProcessPool, ThreadPool};
use std::hint::black_box;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

const ROUNDS: usize = 9;

/// A size is measured for about this long, half of it by one worker.
const AT_A_SIZE: Duration = Duration::from_millis(2);

/// New processes take so long that there are fewer rounds.
const ROUNDS_OF_PROCESSES: usize = 5;

fn about(id: &'static str, title: &'static str) -> About {
    About {
        id,
        title,
        size: "length of a task",
        ratio: "speed-up: one worker's time over two workers'",
        unit: Unit::Seconds,
    }
}

/// The cross-over of each model. `steps_per_second` says how fast this machine computes.
///
/// # Errors
///
/// If the user asked to stop, or the system refuses workers.
pub fn measure(kit: &Kit, run: &Run<'_>, steps_per_second: f64) -> io::Result<Vec<Crossover>> {
    let two_threads = ThreadPool::new(2).map_err(io::Error::other)?;
    let two_processes = ProcessPool::new(2).map_err(io::Error::other)?;
    two_processes.warm_up().map_err(io::Error::other)?;
    let task = |seconds: f64| Compute {
        steps: (seconds * steps_per_second).max(1.0) as u32,
        seed: 0,
    };
    let compute = |job: Compute| {
        black_box(black_box(job).run());
    };
    let short = sizes(50e-9, 3.3e-3, 2.0);
    let search = |about, sizes: &[f64], rounds, two: &mut dyn FnMut(Compute) -> io::Result<()>| {
        find(about, sizes, run.at_most(rounds), run, |seconds| {
            speed_up(seconds, || compute(task(seconds)), || two(task(seconds)))
        })
    };
    // Inside of the pool: from outside another thread has to be woken for each join.
    let about_rayon = about("two-workers/rayon", "rayon's join, inside the pool");
    let rayon = find(about_rayon, &short, run.at_most(ROUNDS), run, |seconds| {
        let job = task(seconds);
        let both = || {
            rayon::join(|| compute(job), || compute(job));
            Ok(())
        };
        kit.rayon
            .install(|| speed_up(seconds, || compute(job), both))
    })?;
    let tokio = search(
        about("two-workers/tokio", "tokio tasks on two threads"),
        &short,
        ROUNDS,
        &mut |job| {
            kit.tokio.block_on(async {
                let other = tokio::spawn(async move { compute(job) });
                compute(job);
                other.await.map_err(io::Error::other)
            })
        },
    )?;
    let pool = search(
        about("two-workers/thread-pool", "a thread pool"),
        &short,
        ROUNDS,
        &mut |job| {
            let other = two_threads
                .spawn(move || job.run())
                .map_err(io::Error::other)?;
            compute(job);
            other.result().map(drop).map_err(io::Error::other)
        },
    )?;
    let threads = search(
        about("two-workers/thread", "a thread, started for it"),
        &short,
        ROUNDS,
        &mut |job| {
            thread::scope(|scope| {
                thread::Builder::new().spawn_scoped(scope, || compute(job))?;
                compute(job);
                Ok(())
            })
        },
    )?;
    let processes = search(
        about("two-workers/process-pool", "a process pool"),
        &sizes(400e-9, 26e-3, 2.0),
        ROUNDS,
        &mut |job| {
            let other = two_processes.submit(job).map_err(io::Error::other)?;
            compute(job);
            other.result().map(drop).map_err(io::Error::other)
        },
    )?;
    let fresh = search(
        about("two-workers/process", "a process, started for it"),
        &sizes(100e-6, 26e-3, 2.0),
        ROUNDS_OF_PROCESSES,
        &mut |job| {
            let mut child = child::command(Role::Compute(job.steps))?.spawn()?;
            compute(job);
            child.wait().map(drop)
        },
    )?;
    Ok(vec![rayon, tokio, pool, threads, processes, fresh])
}

/// The time of one worker for two tasks, divided by that of two workers. They are measured in turns.
pub(crate) fn speed_up(
    seconds: f64,
    mut one: impl FnMut(),
    mut two: impl FnMut() -> io::Result<()>,
) -> io::Result<f64> {
    let half = AT_A_SIZE.as_secs_f64() / 2.0;
    // In a few portions, so that neither has the better half of a disturbed time.
    const PORTIONS: u32 = 4;
    let times = (half / f64::from(PORTIONS) / (2.0 * seconds))
        .ceil()
        .clamp(1.0, 20_000.0) as u32;
    let (mut alone, mut together) = (Duration::ZERO, Duration::ZERO);
    // Asleep workers wake up.
    two()?;
    for _ in 0..PORTIONS {
        let start = Instant::now();
        for _ in 0..times {
            one();
            one();
        }
        alone += start.elapsed();
        let start = Instant::now();
        for _ in 0..times {
            two()?;
        }
        together += start.elapsed();
    }
    Ok(alone.as_secs_f64() / together.as_secs_f64().max(1e-9))
}

/// How many steps of [`Compute`] this machine does in a second: the fastest of seven trials.
pub fn steps_per_second() -> f64 {
    const STEPS: u32 = 2_000_000;
    let trial = || {
        let start = Instant::now();
        black_box(
            black_box(Compute {
                steps: STEPS,
                seed: 0,
            })
            .run(),
        );
        start.elapsed()
    };
    let fastest = (0..7).map(|_| trial()).min().unwrap_or_default();
    f64::from(STEPS) / fastest.as_secs_f64().max(1e-9)
}
