//! The time from the start of empty work until its end is seen.

use super::{Kit, timed, try_timed};
use crate::book::Section;
use crate::child::{self, Role};
use crate::jobs::Nothing;
use crate::sample::{Probe, Run, interleaved};
use executors::Executor;
use std::hint::black_box;
use std::io;
use std::thread;

/// The name that is shown for each id.
const TITLES: &[(&str, &str)] = &[
    ("start/call", "a function call"),
    ("start/rayon-join", "a rayon join, inside the pool"),
    ("start/scheduler-task", "a task of our scheduler"),
    ("start/reactor-call", "a reactor's callback"),
    ("start/green-thread", "a green thread"),
    ("start/tokio-task", "a tokio task, inside the runtime"),
    ("start/pool-closure", "a closure in a thread pool"),
    ("start/thread", "a thread"),
    ("start/process-job", "a job in a process pool"),
    ("start/process", "a fresh process"),
];

/// Measures all of them.
///
/// # Errors
///
/// Only if the user asked to stop.
pub fn measure(kit: &Kit, run: &Run<'_>) -> io::Result<Section> {
    let mut section = Section::new(
        "start",
        "To start something and see it finished",
        "The work is empty, so this is the cost of the model itself. In the plot each bar is a median, \
         and the thin line is its range. The scale is logarithmic: each grid line is ten times the \
         one before.",
    );
    section.add_all(interleaved(probes(kit), run)?, TITLES);
    Ok(section)
}

fn work() {
    black_box(());
}

fn probes(kit: &Kit) -> Vec<Probe<'_>> {
    let mut probes = vec![
        Probe::new("start/call", |times| Ok(timed(|| call(times)))),
        Probe::new("start/rayon-join", |times| {
            Ok(kit.rayon.install(|| {
                timed(|| {
                    (0..times).for_each(|_| {
                        rayon::join(work, work);
                    });
                })
            }))
        }),
    ];
    #[cfg(unix)]
    probes.extend(on_loops());
    probes.extend([
        Probe::new("start/tokio-task", |times| {
            let inside = kit.tokio.spawn(async move {
                let start = std::time::Instant::now();
                for _ in 0..times {
                    tokio::spawn(async { work() }).await?;
                }
                Ok::<_, tokio::task::JoinError>(start.elapsed())
            });
            let took = kit.tokio.block_on(inside).map_err(io::Error::other)?;
            took.map_err(io::Error::other)
        }),
        Probe::new("start/pool-closure", |times| {
            try_timed(|| (0..times).try_for_each(|_| kit.thread_pool.spawn(work)?.result()))
        }),
        Probe::new("start/thread", |times| {
            try_timed(|| {
                (0..times).try_for_each(|_| {
                    let thread = thread::Builder::new().spawn(work)?;
                    thread.join().map_err(|_| io::Error::other("it panicked"))
                })
            })
        }),
        Probe::new("start/process-job", |times| {
            try_timed(|| (0..times).try_for_each(|_| kit.process_pool.submit(Nothing)?.result()))
        }),
        Probe::new("start/process", |times| {
            let mut command = child::command(Role::End)?;
            try_timed(|| {
                (0..times).try_for_each(|_| match command.status()?.success() {
                    true => Ok(()),
                    false => Err(io::Error::other("a child failed")),
                })
            })
        }),
    ]);
    probes
}

/// Calls that the compiler can't remove.
fn call(times: u64) {
    #[inline(never)]
    fn callee(number: u64) -> u64 {
        black_box(number)
    }
    (0..times).for_each(|number| {
        black_box(callee(number));
    });
}

/// Our own event loops, which need Unix.
#[cfg(unix)]
fn on_loops<'a>() -> Vec<Probe<'a>> {
    /// How many are started before the first one runs.
    const TOGETHER: u64 = 1000;

    let executor = scheduler::executor::Executor::new();
    let reactor = reactor::Reactor::new();
    vec![
        Probe::new("start/scheduler-task", move |times| {
            let executor = executor
                .as_ref()
                .map_err(|error| io::Error::other(error.to_string()))?;
            Ok(timed(|| {
                for _ in 0..times.div_ceil(TOGETHER) {
                    (0..TOGETHER).for_each(|_| drop(executor.spawn(async { work() })));
                    executor.run_pending();
                }
            })
            .mul_f64(share(times, TOGETHER)))
        }),
        Probe::new("start/reactor-call", move |times| {
            let reactor = reactor
                .as_ref()
                .map_err(|error| io::Error::other(error.to_string()))?;
            let took = try_timed(|| {
                (0..times.div_ceil(TOGETHER)).try_for_each(|_| {
                    for _ in 0..TOGETHER {
                        reactor.call_later(std::time::Duration::ZERO, |_| work());
                    }
                    reactor.run_pending()
                })
            })?;
            Ok(took.mul_f64(share(times, TOGETHER)))
        }),
        Probe::new("start/green-thread", |times| {
            try_timed(|| {
                (0..times).try_for_each(|_| {
                    let ended = green_threads::spawn(work).join();
                    ended.map_err(|error| io::Error::other(error.to_string()))
                })
            })
        }),
    ]
}

/// The time for `times` of them, from the time of whole portions.
#[cfg(unix)]
fn share(times: u64, portion: u64) -> f64 {
    times as f64 / (times.div_ceil(portion) * portion) as f64
}
