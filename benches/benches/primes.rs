//! The jobs of the primes room in every model, each with as many workers as there are usable CPUs.

mod support;

use std::hint::black_box;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use primes::job::WORKSHOP_NUMBERS;
use primes::longest_poll::LongestPoll;
use primes::{Constellation, Job, async_tasks, gil, job, par_iter, processes, serial, threads};

/// How many of [`WORKSHOP_NUMBERS`] are prime.
const PRIMES_AMONG_THEM: u64 = 9;

/// Ranges to count, each with its number of primes: one so short that starting a worker costs more
/// than it saves, and one that is worth sharing.
const COUNTS: [(u64, u64); 2] = [(1_000_000, 78_498), (1_000_000_000, 50_847_534)];

fn main() -> ExitCode {
    // The processes model starts this very program again.
    executors::hook(processes::JOBS);
    // Ten samples: some rows take a tenth of a second a run.
    support::main(10, &[check, count])
}

/// Is each of the workshop's numbers prime? By trial division.
fn check(criterion: &mut Criterion) -> io::Result<()> {
    let size = WORKSHOP_NUMBERS.len() as u64;
    every_model(criterion, "check", size, PRIMES_AMONG_THEM, || {
        black_box(WORKSHOP_NUMBERS).into_iter().map(Job::Check)
    })
}

/// How many primes are there up to a number? By the sieve.
fn count(criterion: &mut Criterion) -> io::Result<()> {
    let workers = common::cpus::usable();
    for (stop, expected) in COUNTS {
        every_model(criterion, "count", stop, expected, || {
            job::pieces(1..=black_box(stop), Constellation::Single, workers)
        })?;
    }
    Ok(())
}

/// A job in one of the models, from start to end.
type Run<'a> = &'a dyn Fn() -> io::Result<()>;

/// Measures a job in every model; the answers of its pieces add up to `expected`.
///
/// Pools and runtime are there before the clock starts. Threads have none to keep: starting them is
/// part of that model, and of its price.
fn every_model<J: Iterator<Item = Job> + Send>(
    criterion: &mut Criterion,
    job: &str,
    size: u64,
    expected: u64,
    jobs: impl Fn() -> J,
) -> io::Result<()> {
    let workers = common::cpus::usable();
    let pool = par_iter::pool(workers)?;
    let processes = processes::pool(workers)?;
    processes.warm_up().map_err(io::Error::other)?;
    let runtime = async_tasks::runtime(workers)?;
    let poll = LongestPoll::default();
    let total = AtomicU64::new(0);
    let add = |_: Job, answer| _ = total.fetch_add(answer, Ordering::Relaxed);
    let models: [(&str, Run); 6] = [
        ("serial", &|| serial::run(jobs(), workers, add)),
        ("threads", &|| threads::run(jobs(), workers, add)),
        ("processes", &|| processes::run_on(&processes, jobs(), add)),
        ("rayon", &|| {
            par_iter::run_on(&pool, jobs(), add);
            Ok(())
        }),
        ("async", &|| {
            async_tasks::run_on(&runtime, jobs(), workers, add, &poll);
            Ok(())
        }),
        ("gil", &|| gil::run(jobs(), workers, add)),
    ];
    let mut group = criterion.benchmark_group(job);
    // Equally many iterations a sample: linear sampling takes 55, seconds for the long jobs.
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(size));
    for (model, run) in models {
        group.bench_function(BenchmarkId::new(model, size), |bencher| {
            bencher.iter(|| {
                total.store(0, Ordering::Relaxed);
                let result = run();
                assert!(result.is_ok(), "{job}/{model}/{size}: {result:?}");
                // A model that is fast because it forgets a piece must not get a figure.
                assert_eq!(total.load(Ordering::Relaxed), expected, "{job}/{model}");
            });
        });
    }
    group.finish();
    Ok(())
}
