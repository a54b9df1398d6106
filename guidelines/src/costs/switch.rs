//! The cost of a switch: two threads, tasks or processes take turns.

use super::{Kit, timed, try_timed};
use crate::book::Section;
use crate::child::{Answering, Role};
use crate::sample::{Probe, Run, interleaved};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

const TITLES: &[(&str, &str)] = &[
    ("switch/scheduler-task", "tasks of our scheduler"),
    ("switch/green-thread", "green threads"),
    ("switch/tokio-task", "tokio tasks on one thread"),
    ("switch/reactor-call", "a reactor's callbacks"),
    ("switch/thread", "threads"),
    ("switch/thread-pinned", "threads on one CPU"),
    ("switch/tokio-socket", "tokio tasks, woken by a socket"),
    ("switch/thread-socket", "threads, woken by a socket"),
    ("switch/process", "processes, by pipes"),
];

/// Measures all of them.
///
/// # Errors
///
/// Only if the user asked to stop.
pub fn measure(kit: &Kit, run: &Run<'_>) -> io::Result<Section> {
    let mut section = Section::new(
        "switch",
        "One switch between two of a kind",
        "Two of a kind take turns. A job in a pool has no row: it runs to its end. Look at the two \
         rows that are woken by a socket: there the system does the same work for both.",
    );
    section.add_all(interleaved(probes(kit), run)?, TITLES);
    Ok(section)
}

fn probes(kit: &Kit) -> Vec<Probe<'_>> {
    let mut probes = Vec::new();
    #[cfg(unix)]
    probes.extend(on_loops());
    probes.extend([
        Probe::new("switch/tokio-task", |times| {
            Ok(timed(|| {
                kit.one_thread.block_on(async {
                    let turns = move || async move {
                        for _ in 0..times.div_ceil(2) {
                            tokio::task::yield_now().await;
                        }
                    };
                    let (a, b) = (tokio::spawn(turns()), tokio::spawn(turns()));
                    let _both = (a.await, b.await);
                });
            }))
        }),
        Probe::new("switch/thread", |times| Ok(threads(times))),
    ]);
    #[cfg(target_os = "linux")]
    probes.push(Probe::new("switch/thread-pinned", |times| {
        on_one_cpu(move || threads(times))
    }));
    #[cfg(unix)]
    probes.extend(by_sockets(kit));
    let mut child = Answering::start(Role::Echo);
    probes.push(Probe::new("switch/process", move |times| {
        let child = child
            .as_mut()
            .map_err(|error| io::Error::other(error.to_string()))?;
        let trips = times.div_ceil(2);
        let took = try_timed(|| (0..trips).try_for_each(|_| child.ask(&[1])))?;
        Ok(of_both(took, times, trips))
    }));
    probes
}

/// The time of `times` switches, when there were two for each of `trips`.
fn of_both(took: Duration, times: u64, trips: u64) -> Duration {
    took.mul_f64(times as f64 / (2 * trips) as f64)
}

/// Two threads that park and unpark each other.
fn threads(times: u64) -> Duration {
    let trips = times.div_ceil(2);
    let turn = &AtomicBool::new(false);
    // Waits until the turn is as told.
    let wait = |mine: bool| {
        while turn.load(Ordering::Acquire) != mine {
            thread::park();
        }
    };
    let took = thread::scope(|scope| {
        let first = thread::current();
        let second = scope.spawn(move || {
            for _ in 0..trips {
                wait(true);
                turn_to(turn, false, &first);
            }
        });
        timed(|| {
            for _ in 0..trips {
                turn_to(turn, true, second.thread());
                wait(false);
            }
        })
    });
    of_both(took, times, trips)
}

fn turn_to(turn: &AtomicBool, whose: bool, thread: &thread::Thread) {
    turn.store(whose, Ordering::Release);
    thread.unpark();
}

/// Runs it on a thread that is pinned to one CPU, and so are the threads that it starts.
#[cfg(target_os = "linux")]
fn on_one_cpu(work: impl FnOnce() -> Duration + Send) -> io::Result<Duration> {
    use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

    let pinned = move || {
        let allowed = sched_getaffinity(None)?;
        let mut one = CpuSet::new();
        if let Some(cpu) = (0..CpuSet::MAX_CPU).find(|&cpu| allowed.is_set(cpu)) {
            one.set(cpu);
        }
        sched_setaffinity(None, &one)?;
        Ok(work())
    };
    thread::scope(|scope| {
        let thread = scope.spawn(pinned);
        thread.join().map_err(|_| io::Error::other("it panicked"))?
    })
}

/// Our own event loops, which need Unix.
#[cfg(unix)]
fn on_loops<'a>() -> Vec<Probe<'a>> {
    let executor = scheduler::executor::Executor::new();
    let reactor = reactor::Reactor::new();
    vec![
        Probe::new("switch/scheduler-task", move |times| {
            let executor = executor
                .as_ref()
                .map_err(|error| io::Error::other(error.to_string()))?;
            Ok(timed(|| {
                for _ in 0..2 {
                    drop(executor.spawn(async move {
                        for _ in 0..times.div_ceil(2) {
                            scheduler::executor::yield_now().await;
                        }
                    }));
                }
                executor.run_pending();
            }))
        }),
        Probe::new("switch/green-thread", |times| {
            Ok(timed(|| {
                let turns = move || (0..times.div_ceil(2)).for_each(|_| green_threads::yield_now());
                let both = [turns, turns].map(green_threads::spawn);
                green_threads::join_all(&both, None)
            }))
        }),
        Probe::new("switch/reactor-call", move |times| {
            let reactor = reactor
                .as_ref()
                .map_err(|error| io::Error::other(error.to_string()))?;
            try_timed(|| {
                // Two callbacks, each of which sets the other; the last one stops.
                hand_over(reactor, times.max(1));
                reactor.run()
            })
        }),
    ]
}

#[cfg(unix)]
fn hand_over(reactor: &reactor::Reactor, left: u64) {
    reactor.call_later(Duration::ZERO, move |reactor| match left {
        1 => reactor.stop(),
        _ => hand_over(reactor, left - 1),
    });
}

/// A byte goes to and fro over a pair of sockets: between two threads, and between two tasks of one thread.
#[cfg(unix)]
fn by_sockets(kit: &Kit) -> Vec<Probe<'_>> {
    use std::io::{Read, Write};
    use std::os::unix::net::UnixStream;

    let threads = |times: u64| -> io::Result<Duration> {
        let trips = times.div_ceil(2);
        let (mut here, mut there) = UnixStream::pair()?;
        let took = thread::scope(|scope| {
            scope.spawn(move || {
                (0..trips).try_for_each(|_| {
                    there.read_exact(&mut [0])?;
                    there.write_all(&[1])
                })
            });
            try_timed(|| {
                (0..trips).try_for_each(|_| {
                    here.write_all(&[1])?;
                    here.read_exact(&mut [0])
                })
            })
        })?;
        Ok(of_both(took, times, trips))
    };
    let tasks = |times: u64| -> io::Result<Duration> {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};

        let trips = times.div_ceil(2);
        let took = kit.one_thread.block_on(async {
            let (mut here, mut there) = tokio::net::UnixStream::pair()?;
            let start = std::time::Instant::now();
            let other = tokio::spawn(async move {
                for _ in 0..trips {
                    there.read_exact(&mut [0]).await?;
                    there.write_all(&[1]).await?;
                }
                io::Result::Ok(())
            });
            for _ in 0..trips {
                here.write_all(&[1]).await?;
                here.read_exact(&mut [0]).await?;
            }
            other.await.map_err(io::Error::other)??;
            io::Result::Ok(start.elapsed())
        })?;
        Ok(of_both(took, times, trips))
    };
    vec![
        Probe::new("switch/tokio-socket", tasks),
        Probe::new("switch/thread-socket", threads),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_an_odd_number_of_switches_is_a_part_of_the_trips_time() {
        let took = of_both(Duration::from_secs(8), 3, 2);
        assert_eq!(took, Duration::from_secs(6));
    }

    #[cfg(unix)]
    #[test]
    fn callbacks_hand_over_as_often_as_they_are_told() {
        let reactor = reactor::Reactor::new().unwrap();
        hand_over(&reactor, 5);
        reactor.run().unwrap();
        // The last one was the fifth: none is left.
        reactor.run_pending().unwrap();
    }

    #[test]
    fn two_threads_come_to_an_end_whatever_the_number() {
        for times in [1, 2, 7] {
            threads(times);
        }
    }
}
