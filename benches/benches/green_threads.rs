//! Handing the CPU over and back, by everything on one thread that can; and spawning.

mod support;

use std::hint::black_box;
use std::io;
use std::process::ExitCode;

use corosensei::{Coroutine, CoroutineResult};
use criterion::{BenchmarkId, Criterion, Throughput};
use green_threads::{Channel, join_all, spawn, yield_now};

/// Switches of each measurement.
const SWITCHES: u64 = 100_000;

fn main() -> ExitCode {
    support::main(20, &[yields, spawns])
}

fn yields(criterion: &mut Criterion) -> io::Result<()> {
    let mut group = criterion.benchmark_group("yield");
    group.throughput(Throughput::Elements(SWITCHES));
    // The floor: resume and suspend, and no scheduler.
    group.bench_function("corosensei", |bencher| {
        let mut coroutine = Coroutine::<(), (), ()>::new(|yielder, ()| {
            loop {
                yielder.suspend(());
            }
        });
        bencher.iter(|| {
            (0..SWITCHES)
                .for_each(|_| assert!(!matches!(coroutine.resume(()), CoroutineResult::Return(()))))
        });
    });
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    for many in [2, 100, 1000] {
        group.bench_function(BenchmarkId::new("green-threads", many), |bencher| {
            bencher.iter(|| {
                let all: Vec<_> = (0..many)
                    .map(|_| spawn(move || (0..SWITCHES / many).for_each(|_| yield_now())))
                    .collect();
                join_all(&all, None)
            });
        });
        group.bench_function(BenchmarkId::new("tokio", many), |bencher| {
            bencher.iter(|| {
                runtime.block_on(async {
                    let all: Vec<_> = (0..many)
                        .map(|_| {
                            tokio::spawn(async move {
                                for _ in 0..SWITCHES / many {
                                    tokio::task::yield_now().await;
                                }
                            })
                        })
                        .collect();
                    for task in all {
                        black_box(task.await.is_ok());
                    }
                });
            });
        });
    }
    group.finish();
    Ok(())
}

fn spawns(criterion: &mut Criterion) -> io::Result<()> {
    const MANY: u64 = 1000;
    let mut group = criterion.benchmark_group("green-spawn");
    group.throughput(Throughput::Elements(MANY));
    group.bench_function("green-threads", |bencher| {
        bencher.iter(|| (0..MANY).for_each(|n| drop(black_box(spawn(move || n).join()))));
    });
    group.bench_function("channel", |bencher| {
        bencher.iter(|| {
            let (sender, receiver) = Channel::rendezvous();
            drop(spawn(move || (0..MANY).try_for_each(|n| sender.send(n))));
            receiver.iter().sum::<u64>()
        });
    });
    group.finish();
    Ok(())
}
