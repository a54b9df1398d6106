//! The cost of handing a job to a pool: one at a time, and a million of them.
//!
//! The job does nothing, so that all there is to see is the way there and back.

mod support;

use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::thread;

use benches::echo::Echo;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, BenchmarkId, Criterion, Throughput};
use crossbeam_channel::{Receiver, Sender, bounded};
use executors::{Executor, ProcessPool, ThreadPool};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// How many jobs `million` has.
const MILLION: u64 = 1_000_000;

/// Jobs that travel together where that is asked for: few enough messages to cost nothing, many
/// enough for the workers to come out even.
const CHUNK: usize = 5_000;

fn main() -> ExitCode {
    // In a worker process it does not return.
    executors::hook(benches::echo::JOBS);
    // Ten samples: a million jobs take up to half a second.
    support::main(10, &[round_trip, million])
}

/// The least that a pool can be: workers that take jobs from one channel and answer on another.
struct PlainPool {
    jobs: Sender<u64>,
    answers: Receiver<u64>,
}

impl PlainPool {
    fn new(workers: usize, capacity: usize) -> PlainPool {
        let (jobs, taken) = bounded::<u64>(capacity);
        let (answered, answers) = bounded(capacity);
        for _ in 0..workers {
            let (taken, answered) = (taken.clone(), answered.clone());
            // They end when the pool is dropped.
            thread::spawn(move || {
                taken
                    .into_iter()
                    .try_for_each(|n| answered.send(black_box(n)))
            });
        }
        PlainPool { jobs, answers }
    }

    fn round_trip(&self, n: u64) -> Option<u64> {
        self.jobs.send(n).ok()?;
        self.answers.recv().ok()
    }

    /// The sum of the answers to `0..count`, never more under way than the channels hold.
    fn sum(&self, count: u64) -> Option<u64> {
        thread::scope(|scope| {
            scope.spawn(|| (0..count).try_for_each(|n| self.jobs.send(n)));
            (0..count).map(|_| self.answers.recv().ok()).sum()
        })
    }
}

/// A job there, and its answer back, one worker.
fn round_trip(criterion: &mut Criterion) -> io::Result<()> {
    let plain = PlainPool::new(1, 1);
    let threads = ThreadPool::new(1).map_err(io::Error::other)?;
    let processes = ProcessPool::new(1).map_err(io::Error::other)?;
    processes.warm_up().map_err(io::Error::other)?;
    let rayon = rayon_pool(1)?;

    let mut group = criterion.benchmark_group("round-trip");
    group.throughput(Throughput::Elements(1));
    let mut bench = |model: &str, ask: &dyn Fn(u64) -> Option<u64>| {
        group.bench_function(BenchmarkId::new(model, 1), |bencher| {
            let mut n = 0;
            bencher.iter(|| {
                n += 1;
                assert_eq!(ask(n), Some(n), "{model}");
            });
        });
    };
    bench("channel", &|n| plain.round_trip(n));
    bench("thread-pool", &|n| {
        threads.submit(Echo(n)).and_then(|it| it.result()).ok()
    });
    bench("process-pool", &|n| {
        processes.submit(Echo(n)).and_then(|it| it.result()).ok()
    });
    bench("rayon", &|n| Some(rayon.install(|| black_box(n))));
    group.finish();
    Ok(())
}

/// A million jobs, as many workers as there are usable CPUs; all but `channel` in chunks.
fn million(criterion: &mut Criterion) -> io::Result<()> {
    let workers = common::cpus::usable().get();
    let plain = PlainPool::new(workers, CHUNK);
    let threads = ThreadPool::new(workers).map_err(io::Error::other)?;
    let processes = ProcessPool::new(workers).map_err(io::Error::other)?;
    processes.warm_up().map_err(io::Error::other)?;
    let rayon = rayon_pool(workers)?;

    let mut group = criterion.benchmark_group("million");
    group.throughput(Throughput::Elements(MILLION));
    let jobs = || (0..MILLION).map(Echo);
    row(&mut group, "channel", || plain.sum(MILLION));
    row(&mut group, "thread-pool", || {
        threads.map(jobs()).chunk(CHUNK).sum::<Result<_, _>>().ok()
    });
    row(&mut group, "process-pool", || {
        processes
            .map(jobs())
            .chunk(CHUNK)
            .sum::<Result<_, _>>()
            .ok()
    });
    row(&mut group, "rayon", || {
        Some(rayon.install(|| (0..MILLION).into_par_iter().map(black_box).sum()))
    });
    group.finish();
    Ok(())
}

fn row(group: &mut BenchmarkGroup<'_, WallTime>, model: &str, run: impl Fn() -> Option<u64>) {
    group.bench_function(BenchmarkId::new(model, MILLION), |bencher| {
        bencher.iter(|| assert_eq!(run(), Some((MILLION - 1) * MILLION / 2), "{model}"));
    });
}

fn rayon_pool(workers: usize) -> io::Result<rayon::ThreadPool> {
    rayon::ThreadPoolBuilder::new()
        .num_threads(workers)
        .build()
        .map_err(io::Error::other)
}
