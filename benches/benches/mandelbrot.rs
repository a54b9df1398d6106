//! The workshop's picture in every model and by every kernel, with as many workers as there are
//! usable CPUs.

mod support;

use std::hint::black_box;
use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use mandelbrot::kernels::{self, KernelName};
use mandelbrot::omp::Schedule;
use mandelbrot::{
    Counts, Plan, View, async_tasks, band, mariani_silver, par_iter, par_pixels, processes,
    regions, serial, shared_memory, threads,
};

fn main() -> ExitCode {
    // The processes models start this very program again.
    executors::hook(&[processes::JOB, shared_memory::JOB]);
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

/// Every model, by the fast kernel. Pools and runtimes are there before the clock starts.
fn models(criterion: &mut Criterion) -> io::Result<()> {
    let plan = &plan()?;
    let fill = kernels::fast::fill;
    let workers = common::cpus::usable();
    let pool = par_iter::pool(workers)?;
    let runtime = async_tasks::runtime(workers)?;
    let processes = band::pool(workers)?;
    processes.warm_up().map_err(io::Error::other)?;
    let scheduled = |schedule| move || Ok(regions::run_scheduled(plan, fill, workers, schedule));
    let models: [(&str, Run); 10] = [
        ("serial", &|| serial::run(plan, fill, workers)),
        ("threads", &|| threads::run(plan, fill, workers)),
        ("processes", &|| {
            processes::run_on(&processes, plan, KernelName::Fast, || false)
        }),
        ("shared-memory", &|| {
            shared_memory::run_on(&processes, plan, KernelName::Fast, || false)
        }),
        ("omp-static", &scheduled(Schedule::Static)),
        ("omp-dynamic", &scheduled(Schedule::Dynamic(1))),
        ("omp-guided", &scheduled(Schedule::Guided(1))),
        ("rayon", &|| Ok(par_iter::run_on(&pool, plan, fill))),
        ("rayon-pixels", &|| {
            Ok(par_pixels::run_on(&pool, plan, fill))
        }),
        ("async", &|| {
            Ok(runtime.block_on(async_tasks::render(plan, fill, workers)))
        }),
    ];
    let expected = serial::run(plan, fill, NonZeroUsize::MIN)?;
    // A model that forgets a single point gets no figure.
    let all = |counts: &Counts| *counts == expected;
    measure(criterion, "mandelbrot-model", plan, &models, all)
}

/// Every kernel, by one thread, and the shortcuts.
fn all_kernels(criterion: &mut Criterion) -> io::Result<()> {
    let plan = &plan()?;
    let one = NonZeroUsize::MIN;
    let shortcut = |bulbs, periodicity| {
        plan.clone()
            .with_shortcuts(mandelbrot::plan::Shortcuts { bulbs, periodicity })
    };
    let (bulbs, periodicity) = (&shortcut(true, false), &shortcut(false, true));
    let pool = par_iter::pool(one)?;
    let kernels: [(&str, Run); 6] = [
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
        ("fast-borders", &|| {
            Ok(mariani_silver::run_on(&pool, plan, kernels::fast::fill))
        }),
    ];
    let expected = serial::run(plan, kernels::exact::fill, one)?;
    // Rounding and what is thinner than a pixel: one point in ten thousand may differ.
    let nearly_all = |counts: &Counts| {
        let pairs = counts.values().iter().zip(expected.values());
        let differing = pairs.filter(|(count, expected)| count != expected).count();
        differing * 10_000 <= plan.points()
    };
    measure(criterion, "mandelbrot-kernel", plan, &kernels, nearly_all)
}

fn measure(
    criterion: &mut Criterion,
    job: &str,
    plan: &Plan,
    rows: &[(&str, Run)],
    is_right: impl Fn(&Counts) -> bool,
) -> io::Result<()> {
    let all = serial::run(plan, kernels::fast::fill, NonZeroUsize::MIN)?;
    let mut group = criterion.benchmark_group(job);
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(iterations(&all)));
    let size = format!("{}x{}", plan.width(), plan.height());
    for (name, run) in rows {
        group.bench_function(BenchmarkId::new(*name, &size), |bencher| {
            bencher.iter_with_large_drop(|| {
                let result = black_box(run());
                assert!(result.is_ok(), "{job}/{name}: {result:?}");
                result
            });
            let right = run().is_ok_and(|counts| is_right(&counts));
            assert!(right, "{job}/{name}: wrong counts");
        });
    }
    group.finish();
    Ok(())
}
