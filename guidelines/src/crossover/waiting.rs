//! With how many waits at once async is better than threads: in time, and in memory.

use super::{About, Crossing, Crossover, find, sizes};
use crate::book::Book;
use crate::costs::Kit;
use crate::figure::{Figure, Unit};
use crate::sample::Run;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// How long each waits.
const WAITS: Duration = Duration::from_millis(10);

/// Async is better if threads take a tenth longer.
const TENTH: f64 = 1.1;

const ROUNDS: usize = 5;

/// By time: all tasks wait for 10 ms at the same time.
///
/// # Errors
///
/// If the user asked to stop, or the system refuses threads.
pub fn by_time(kit: &Kit, run: &Run<'_>) -> io::Result<Crossover> {
    let about = About {
        id: "waiting/time",
        title: "threads that wait, beside tokio tasks: time",
        size: "how many wait for 10 ms",
        ratio: "the threads' time over 1.1 times the tasks'",
        unit: Unit::Count,
    };
    find(
        about,
        &sizes(8.0, 4096.0, 2.0),
        run.at_most(ROUNDS),
        run,
        |count| {
            let count = count as usize;
            let start = Instant::now();
            thread::scope(|scope| {
                (0..count).try_for_each(|_| {
                    let thread = thread::Builder::new();
                    thread
                        .spawn_scoped(scope, || thread::sleep(WAITS))
                        .map(drop)
                })
            })?;
            let threads = start.elapsed();
            let start = Instant::now();
            kit.one_thread.block_on(async {
                let sleep = || tokio::spawn(tokio::time::sleep(WAITS));
                for task in (0..count).map(|_| sleep()).collect::<Vec<_>>() {
                    let _ = task.await;
                }
            });
            Ok(threads.as_secs_f64() / (TENTH * start.elapsed().as_secs_f64()))
        },
    )
}

/// By memory: computed from the memory of a thread, of a task and of the runtime.
pub fn by_memory(book: &Book) -> Option<Crossover> {
    let of = |name: &str| {
        let resident = book.figure(&format!("memory/{name}"))?;
        Some(resident.plus(book.figure(&format!("tables/{name}"))?))
    };
    let (thread, task) = (of("thread")?, of("tokio-task")?);
    let runtime = book.figure("memory/tokio-runtime")?;
    Some(Crossover {
        id: "waiting/memory".to_owned(),
        title: "threads that wait, beside tokio tasks: memory".to_owned(),
        size: "how many wait".to_owned(),
        ratio: "the threads' memory over that of the tasks and the runtime".to_owned(),
        unit: Unit::Count,
        points: Vec::new(),
        crossing: memory_crossing(&thread, &task, runtime),
    })
}

/// n threads take as much as the runtime and n tasks.
fn memory_crossing(thread: &Figure, task: &Figure, runtime: &Figure) -> Crossing {
    let at = |runtime: f64, thread: f64, task: f64| runtime / (thread - task);
    let median = at(runtime.median, thread.median, task.median);
    if thread.low <= task.high {
        return Crossing::Never(crate::costs::waiting::MANY as f64);
    }
    if median <= 1.0 {
        return Crossing::FromTheStart(1.0);
    }
    Crossing::At(Figure {
        median,
        low: at(runtime.low, thread.high, task.low),
        high: at(runtime.high, thread.low, task.high),
        runs: thread.runs.min(task.runs).min(runtime.runs),
        unit: Unit::Count,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bytes(value: f64) -> Figure {
        Figure::exactly(Unit::Bytes, value)
    }

    #[test]
    fn a_runtime_is_paid_for_by_what_its_tasks_save() {
        let crossing = memory_crossing(&bytes(10_000.0), &bytes(500.0), &bytes(95_000.0));
        let Crossing::At(figure) = crossing else {
            panic!("{crossing:?}");
        };
        assert_eq!(figure.median, 10.0);
        assert!(figure.low < 9.5 && figure.high > 10.5, "{figure:?}");
    }

    #[test]
    fn without_a_runtime_or_a_difference_there_is_nothing_to_cross() {
        let none = memory_crossing(&bytes(10_000.0), &bytes(500.0), &bytes(0.0));
        assert_eq!(none, Crossing::FromTheStart(1.0));
        let equal = memory_crossing(&bytes(500.0), &bytes(510.0), &bytes(95_000.0));
        assert_eq!(equal, Crossing::Never(10_000.0));
    }
}
