//! The costs of a yield, a task, a message from a thread and a cancelled wait, on our executor and on
//! others; and a generator's items.

mod support;

use std::cell::Cell;
use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::rc::Rc;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};
use futures_util::StreamExt;
use futures_util::task::LocalSpawnExt;
use scheduler::executor::{Executor, yield_now};
use scheduler::generator::generator;
use scheduler::sync::{Event, Semaphore};

/// How many yields, tasks and items an iteration has.
const SIZE: u64 = 10_000;

fn main() -> ExitCode {
    support::main(30, &[yields, tasks, items, messages, cancels])
}

/// The same future everywhere, but for tokio, where its own costs less.
async fn yield_all() {
    for _ in 0..SIZE {
        yield_now().await;
    }
}

fn yields(criterion: &mut Criterion) -> io::Result<()> {
    let ours = Executor::new()?;
    let tokio = tokio::runtime::Builder::new_current_thread().build()?;
    let mut group = criterion.benchmark_group("yield");
    group.throughput(Throughput::Elements(SIZE));
    let id = |model| BenchmarkId::new(model, SIZE);
    group.bench_function(id("scheduler"), |bencher| {
        bencher.iter(|| ours.block_on(yield_all()))
    });
    group.bench_function(id("tokio"), |bencher| {
        bencher.iter(|| {
            tokio.block_on(async {
                for _ in 0..SIZE {
                    tokio::task::yield_now().await;
                }
            });
        });
    });
    group.bench_function(id("local-pool"), |bencher| {
        let mut pool = futures_executor::LocalPool::new();
        bencher.iter(|| {
            assert!(pool.spawner().spawn_local(yield_all()).is_ok());
            pool.run();
        });
    });
    group.finish();
    Ok(())
}

/// Ends at once, having counted itself.
async fn count(ended: Rc<Cell<u64>>) {
    ended.set(ended.get() + 1);
}

fn tasks(criterion: &mut Criterion) -> io::Result<()> {
    let ours = Executor::new()?;
    let tokio = tokio::runtime::Builder::new_current_thread().build()?;
    let mut group = criterion.benchmark_group("tasks");
    group.throughput(Throughput::Elements(SIZE));
    let mut bench = |model: &str, run: &mut dyn FnMut(&Rc<Cell<u64>>)| {
        group.bench_function(BenchmarkId::new(model, SIZE), |bencher| {
            bencher.iter(|| {
                let ended = Rc::new(Cell::new(0));
                run(&ended);
                assert_eq!(ended.get(), SIZE, "{model}");
            });
        });
    };
    bench("scheduler", &mut |ended| {
        (0..SIZE).for_each(|_| drop(ours.spawn(count(Rc::clone(ended)))));
        ours.run_pending();
    });
    bench("tokio", &mut |ended| {
        let tasks = tokio::task::LocalSet::new();
        (0..SIZE).for_each(|_| drop(tasks.spawn_local(count(Rc::clone(ended)))));
        tokio.block_on(tasks);
    });
    bench("local-pool", &mut |ended| {
        let mut pool = futures_executor::LocalPool::new();
        let spawner = pool.spawner();
        (0..SIZE).for_each(|_| assert!(spawner.spawn_local(count(Rc::clone(ended))).is_ok()));
        pool.run();
    });
    group.finish();
    Ok(())
}

/// By hand, what the generator's body says.
struct ByHand {
    next: u64,
}

impl Iterator for ByHand {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        let n = self.next;
        self.next += 1;
        (n < SIZE).then_some(n)
    }
}

fn items(criterion: &mut Criterion) -> io::Result<()> {
    let mut group = criterion.benchmark_group("generator");
    group.throughput(Throughput::Elements(SIZE));
    // Each item is looked at: else the compiler would sum up the iterator's without having them.
    group.bench_function(BenchmarkId::new("generator", SIZE), |bencher| {
        bencher.iter(|| {
            let numbers = generator(|co| async move {
                for n in 0..SIZE {
                    co.yield_(n).await;
                }
            });
            numbers.map(black_box).sum::<u64>()
        });
    });
    group.bench_function(BenchmarkId::new("by-hand", SIZE), |bencher| {
        bencher.iter(|| ByHand { next: 0 }.map(black_box).sum::<u64>());
    });
    group.finish();
    Ok(())
}

/// A message to another thread, and its answer, while others wait: the time between is idle.
fn messages(criterion: &mut Criterion) -> io::Result<()> {
    let mut group = criterion.benchmark_group("message");
    group.sample_size(10);
    for parked in [0, 1_000, 100_000] {
        let (ask, asked) = mpsc::channel::<()>();
        let (mut answer, mut answered) = futures_channel::mpsc::channel::<()>(1);
        let answering = thread::spawn(move || {
            for () in asked {
                while answer.try_send(()).is_err() {
                    thread::yield_now();
                }
            }
        });
        let mut round_trips = async |count: u64| {
            let start = Instant::now();
            for _ in 0..count {
                if ask.send(()).is_err() || answered.next().await.is_none() {
                    return Duration::ZERO;
                }
            }
            start.elapsed()
        };
        let ours = Executor::new()?;
        let event = Event::new();
        (0..parked).for_each(|_| drop(ours.spawn(event.wait())));
        ours.run_pending();
        group.bench_function(BenchmarkId::new("scheduler", parked), |bencher| {
            bencher.iter_custom(|count| ours.block_on(round_trips(count)));
        });
        let tokio = tokio::runtime::Builder::new_current_thread().build()?;
        let tasks = tokio::task::LocalSet::new();
        let notify = Arc::new(tokio::sync::Notify::new());
        for _ in 0..parked {
            let notify = Arc::clone(&notify);
            drop(tasks.spawn_local(async move { notify.notified().await }));
        }
        tokio.block_on(tasks.run_until(tokio::task::yield_now()));
        group.bench_function(BenchmarkId::new("tokio", parked), |bencher| {
            bencher.iter_custom(|count| tokio.block_on(tasks.run_until(round_trips(count))));
        });
        drop(ask);
        assert!(answering.join().is_ok());
    }
    group.finish();
    Ok(())
}

/// Tasks that wait for one semaphore are cancelled, newest first.
fn cancels(criterion: &mut Criterion) -> io::Result<()> {
    let mut group = criterion.benchmark_group("cancel");
    group.sample_size(10);
    for waiters in [10_000, 100_000, 1_000_000_u64] {
        group.throughput(Throughput::Elements(waiters));
        group.bench_function(BenchmarkId::new("scheduler", waiters), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut took = Duration::ZERO;
                for _ in 0..rounds {
                    let Ok(executor) = Executor::new() else {
                        return took;
                    };
                    let semaphore = Semaphore::new(1);
                    let _held = semaphore.try_acquire(1);
                    let waiting: Vec<_> = (0..waiters)
                        .map(|_| executor.spawn(semaphore.acquire(1)))
                        .collect();
                    executor.run_pending();
                    let start = Instant::now();
                    waiting.iter().rev().for_each(|task| task.abort());
                    took += start.elapsed();
                    assert_eq!(executor.tasks(), 0);
                }
                took
            });
        });
        let tokio = tokio::runtime::Builder::new_current_thread().build()?;
        group.bench_function(BenchmarkId::new("tokio", waiters), |bencher| {
            bencher.iter_custom(|rounds| {
                let mut took = Duration::ZERO;
                for _ in 0..rounds {
                    let tasks = tokio::task::LocalSet::new();
                    let semaphore = Arc::new(tokio::sync::Semaphore::new(0));
                    let waiting: Vec<_> = (0..waiters)
                        .map(|_| {
                            let semaphore = Arc::clone(&semaphore);
                            tasks.spawn_local(async move { drop(semaphore.acquire().await) })
                        })
                        .collect();
                    let parked = async {
                        // Some sixty tasks have their turns between two of these.
                        for _ in 0..=waiters / 32 {
                            tokio::task::yield_now().await;
                        }
                    };
                    tokio.block_on(tasks.run_until(parked));
                    let start = Instant::now();
                    waiting.iter().rev().for_each(|task| task.abort());
                    tokio.block_on(tasks);
                    took += start.elapsed();
                }
                took
            });
        });
    }
    group.finish();
    Ok(())
}
