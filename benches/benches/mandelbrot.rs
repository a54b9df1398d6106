//! The workshop's picture in every model and by every kernel, with as many workers as there are
//! usable CPUs.

mod support;

use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use mandelbrot::kernels::{self, Named};
use mandelbrot::omp::Schedule;
use mandelbrot::{
    Counts, Plan, View, async_tiles, mariani_silver, par_iter, par_pixels, processes, regions,
    serial, shared_memory, threads,
};

fn main() -> ExitCode {
    // The processes models start this very program again.
    executors::hook(processes::JOBS);
    support::main(20, &[models, all_kernels])
}

/// The workshop's view at full size: figures are of iterations a second, all points' together.
fn plan() -> io::Result<Plan> {
    Plan::new(View::WORKSHOP, 1920, 1080).map_err(io::Error::other)
}

fn iterations(counts: &Counts) -> u64 {
    counts.values().iter().copied().map(u64::from).sum()
}

type Run<'a> = &'a dyn Fn() -> io::Result<Counts>;

/// Every model, by the fast kernel. Pools are there before the clock starts.
fn models(criterion: &mut Criterion) -> io::Result<()> {
    let plan = &plan()?;
    let fill = kernels::fast::fill;
    let workers = common::cpus::usable();
    let pool = par_iter::pool(workers)?;
    let processes = processes::pool(workers)?;
    processes.warm_up().map_err(io::Error::other)?;
    let scheduled = |schedule| move || regions::run_scheduled(plan, fill, workers, schedule);
    let models: [(&str, Run); 11] = [
        ("serial", &|| serial::run(plan, fill, workers)),
        ("threads", &|| threads::run(plan, fill, workers)),
        ("processes", &|| {
            processes::run_on(&processes, plan, Named::Fast, || false)
        }),
        ("shared-memory", &|| {
            shared_memory::run_on(&processes, plan, Named::Fast, || false)
        }),
        ("omp-static", &scheduled(Schedule::Static)),
        ("omp-dynamic", &scheduled(Schedule::Dynamic(1))),
        ("omp-guided", &scheduled(Schedule::Guided(1))),
        ("rayon", &|| Ok(par_iter::run_on(&pool, plan, fill))),
        ("rayon-pixels", &|| par_pixels::run(plan, fill, workers)),
        ("async", &|| async_tiles::run(plan, fill, workers)),
        ("borders", &|| mariani_silver::run(plan, fill, workers)),
    ];
    measure(criterion, "mandelbrot-model", plan, &models)
}

/// Every kernel, by one thread, and the shortcuts.
fn all_kernels(criterion: &mut Criterion) -> io::Result<()> {
    let plan = &plan()?;
    let one = NonZeroUsize::MIN;
    let shortcut = |bulbs, periodicity| {
        plan.clone()
            .shortcuts(mandelbrot::plan::Shortcuts { bulbs, periodicity })
    };
    let (bulbs, periodicity) = (&shortcut(true, false), &shortcut(false, true));
    let kernels: [(&str, Run); 5] = [
        ("textbook", &|| {
            serial::run(plan, kernels::textbook::fill, one)
        }),
        ("exact", &|| serial::run(plan, kernels::exact::fill, one)),
        ("fast", &|| serial::run(plan, kernels::fast::fill, one)),
        ("fast-bulbs", &|| {
            serial::run(bulbs, kernels::fast::fill, one)
        }),
        ("fast-periodicity", &|| {
            serial::run(periodicity, kernels::fast::fill, one)
        }),
    ];
    measure(criterion, "mandelbrot-kernel", plan, &kernels)
}

fn measure(
    criterion: &mut Criterion,
    job: &str,
    plan: &Plan,
    rows: &[(&str, Run)],
) -> io::Result<()> {
    let expected = iterations(&serial::run(plan, kernels::exact::fill, NonZeroUsize::MIN)?);
    let mut group = criterion.benchmark_group(job);
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(expected));
    let size = format!("{}x{}", plan.width(), plan.height());
    for (name, run) in rows {
        group.bench_function(BenchmarkId::new(*name, &size), |bencher| {
            let mut total = 0;
            bencher.iter_with_large_drop(|| {
                let result = black_box(run());
                assert!(result.is_ok(), "{job}/{name}: {result:?}");
                result
            });
            if let Ok(counts) = run() {
                total = iterations(&counts);
            }
            // What is fast because it forgets points must not get a figure. One point in ten
            // thousand may differ, by a thousand iterations.
            let most = plan.points() as u64 / 10;
            assert!(
                total.abs_diff(expected) <= most,
                "{job}/{name}: {total}, not {expected}"
            );
        });
    }
    group.finish();
    Ok(())
}
