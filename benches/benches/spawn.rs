//! The cost of starting a thread, a process or a task, and seeing it finished.
//!
//! `rayon` and `tokio` are asked from outside the pool, like threads and processes, so another
//! thread has to be woken; `rayon-inside` and `tokio-inside` are asked by a worker of the pool,
//! which may do the work itself. `guidelines` measures threads, processes and the two inside
//! likewise, operation by operation.

mod support;

use std::hint::black_box;
use std::io;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput};

/// The argument that makes this program a child which ends at once.
const EXIT: &str = "exit-at-once";

/// How many are started and finished in an iteration.
const SIZE: u64 = 1;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(EXIT) {
        return ExitCode::SUCCESS;
    }
    // Thirty samples: an iteration takes a millisecond at most.
    support::main(30, &[spawn])
}

/// The work: nothing, and the compiler mustn't know.
fn work() {
    black_box(());
}

fn spawn(criterion: &mut Criterion) -> io::Result<()> {
    let workers = common::cpus::usable().get();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .map_err(io::Error::other)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(workers)
        .enable_all()
        .build()?;
    let this = std::env::current_exe()?;

    let mut group = criterion.benchmark_group("spawn");
    group.throughput(Throughput::Elements(SIZE));
    let id = |model| BenchmarkId::new(model, SIZE);
    group.bench_function(id("threads"), |bencher| {
        bencher.iter(|| thread::spawn(work).join());
    });
    group.bench_function(id("processes"), |bencher| {
        let mut child = Command::new(&this);
        child.arg(EXIT).stdin(Stdio::null());
        bencher.iter(|| {
            let status = child.status();
            assert!(status.as_ref().is_ok_and(|it| it.success()), "{status:?}");
        });
    });
    group.bench_function(id("rayon"), |bencher| {
        bencher.iter(|| pool.scope(|scope| scope.spawn(|_| work())));
    });
    group.bench_function(id("rayon-inside"), |bencher| {
        bencher.iter_custom(|times| {
            pool.install(|| {
                timed(|| {
                    (0..times).for_each(|_| {
                        rayon::join(work, work);
                    });
                })
            })
        });
    });
    group.bench_function(id("tokio"), |bencher| {
        bencher.iter(|| runtime.block_on(runtime.spawn(async { work() })));
    });
    group.bench_function(id("tokio-inside"), |bencher| {
        bencher.iter_custom(|times| {
            let inside = runtime.spawn(async move {
                let start = Instant::now();
                for _ in 0..times {
                    let finished = tokio::spawn(async { work() }).await;
                    assert!(finished.is_ok(), "{finished:?}");
                }
                start.elapsed()
            });
            match runtime.block_on(inside) {
                Ok(took) => took,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        });
    });
    group.finish();
    Ok(())
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}
