//! The jobs of the primes room in every model, each with as many workers as there are usable CPUs.

use std::hint::black_box;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use primes::longest_poll::LongestPoll;
use primes::{
    Constellation, Error, Job, async_tasks, gil, job, par_iter, processes, serial, threads,
};

/// The workshop's numbers: three take a millisecond or less to divide, three a few hundredths of a
/// second, so that equal shares of the list are not equal shares of the work.
const NUMBERS: [u64; 10] = [
    1_297_337,
    1_116_281,
    104_395_303,
    472_882_027,
    533_000_389,
    817_504_243,
    982_451_653,
    112_272_535_095_293,
    115_280_095_190_773,
    1_099_726_899_285_419,
];

/// How many of [`NUMBERS`] are prime.
const PRIMES_AMONG_THEM: u64 = 9;

/// Ranges to count, each with its number of primes: one so short that starting a worker costs more
/// than it saves, and one that is worth sharing.
const COUNTS: [(u64, u64); 2] = [(1_000_000, 78_498), (1_000_000_000, 50_847_534)];

fn main() -> ExitCode {
    // The processes model starts this very program again.
    if std::env::args().nth(1).as_deref() == Some(processes::WORKER) {
        return match processes::worker() {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                eprintln!("error: {error}");
                ExitCode::FAILURE
            }
        };
    }
    let mut criterion = Criterion::default()
        // Eighteen rows, some of a tenth of a second a run: more samples, or longer ones, would
        // cost minutes and say no more about factors of two.
        .sample_size(10)
        .warm_up_time(Duration::from_millis(500))
        .measurement_time(Duration::from_secs(2))
        .configure_from_args();
    match check(&mut criterion).and_then(|()| count(&mut criterion)) {
        Ok(()) => {
            criterion.final_summary();
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Is each of the workshop's numbers prime? By trial division.
fn check(criterion: &mut Criterion) -> Result<(), Error> {
    let size = NUMBERS.len() as u64;
    every_model(criterion, "check", size, PRIMES_AMONG_THEM, || {
        black_box(NUMBERS).into_iter().map(Job::Check)
    })
}

/// How many primes are there up to a number? By the sieve.
fn count(criterion: &mut Criterion) -> Result<(), Error> {
    let workers = common::cpus::usable().get();
    for (stop, expected) in COUNTS {
        every_model(criterion, "count", stop, expected, || {
            job::pieces(1..=black_box(stop), Constellation::Single, workers)
        })?;
    }
    Ok(())
}

/// A job in one of the models, from start to end.
type Run<'a> = &'a dyn Fn() -> Result<(), Error>;

/// Measures a job in every model; the answers of its pieces add up to `expected`.
///
/// Pool and runtime are there before the clock starts. Threads and processes have none to keep:
/// starting the workers is part of these models, and of their price.
fn every_model<J: Iterator<Item = Job> + Send>(
    criterion: &mut Criterion,
    job: &str,
    size: u64,
    expected: u64,
    jobs: impl Fn() -> J,
) -> Result<(), Error> {
    let workers = common::cpus::usable();
    let pool = par_iter::pool(workers)?;
    let runtime = async_tasks::runtime(workers)?;
    let poll = LongestPoll::default();
    let total = AtomicU64::new(0);
    let add = |_: Job, answer| _ = total.fetch_add(answer, Ordering::Relaxed);
    let models: [(&str, Run); 6] = [
        ("serial", &|| serial::run(jobs(), workers, add)),
        ("threads", &|| threads::run(jobs(), workers, add)),
        ("processes", &|| processes::run(jobs(), workers, add)),
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
