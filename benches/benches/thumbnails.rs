//! The thumbnails room's models on the same small folder, each with as many workers as there are
//! usable CPUs.

mod support;

use std::io;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};

use criterion::{BenchmarkId, Criterion, SamplingMode, Throughput};
use thumbnails::samples::Sample;
use thumbnails::{Format, Outcome, Settings, Task};
use thumbnails::{async_tasks, par_iter, processes, serial, threads};

/// Enough for each of a few workers to have several.
const PICTURES: u32 = 16;

fn main() -> ExitCode {
    // The processes model starts this very program again.
    executors::hook(processes::JOBS);
    // Ten samples: a run takes a tenth of a second.
    support::main(10, &[models])
}

/// JPEGs of two megapixels to 256x256 JPEGs.
fn tasks(folder: &Path) -> io::Result<Vec<Task>> {
    (1..=PICTURES)
        .map(|seed| {
            let sample = Sample {
                path: folder.join(format!("{seed}.jpg")),
                size: (1600, 1200),
                format: Format::Jpeg,
                seed,
            };
            sample.write()?;
            let output = folder.join(format!("{seed}_thumb.jpg"));
            Ok(Task::new(sample.path, output, Settings::default()))
        })
        .collect()
}

/// A model, from start to end.
type Run<'a> = &'a dyn Fn(Vec<Task>) -> io::Result<()>;

fn models(criterion: &mut Criterion) -> io::Result<()> {
    // One for each process: several of these may run at the same time.
    let folder = std::env::temp_dir().join(format!("bench-thumbnails-{}", std::process::id()));
    std::fs::create_dir_all(&folder)?;
    let measured = tasks(&folder).and_then(|tasks| measure(criterion, &tasks));
    std::fs::remove_dir_all(&folder)?;
    measured
}

fn measure(criterion: &mut Criterion, tasks: &[Task]) -> io::Result<()> {
    let workers: NonZeroUsize = common::cpus::usable();
    let made = AtomicU64::new(0);
    let count = |_: Task, outcome: Outcome| {
        made.fetch_add(outcome.is_ok().into(), Ordering::Relaxed);
        ControlFlow::Continue(())
    };
    let models: [(&str, Run); 5] = [
        ("serial", &|tasks| {
            serial::run(tasks.into_iter(), workers, count)
        }),
        ("threads", &|tasks| {
            threads::run(tasks.into_iter(), workers, count)
        }),
        ("processes", &|tasks| {
            processes::run(tasks.into_iter(), workers, count)
        }),
        ("rayon", &|tasks| {
            par_iter::run(tasks.into_iter(), workers, count)
        }),
        ("async", &|tasks| {
            async_tasks::run(tasks.into_iter(), workers, count)
        }),
    ];
    let mut group = criterion.benchmark_group("thumbnails");
    group.sampling_mode(SamplingMode::Flat);
    group.throughput(Throughput::Elements(PICTURES.into()));
    for (model, run) in models {
        group.bench_function(BenchmarkId::new(model, PICTURES), |bencher| {
            bencher.iter(|| {
                made.store(0, Ordering::Relaxed);
                let result = run(tasks.to_vec());
                assert!(result.is_ok(), "{model}: {result:?}");
                // A model that is fast because it forgets a picture must not get a figure.
                assert_eq!(made.load(Ordering::Relaxed), u64::from(PICTURES), "{model}");
            });
        });
    }
    group.finish();
    Ok(())
}
