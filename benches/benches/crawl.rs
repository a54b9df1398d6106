//! The crawler room's models on the same small site, which answers at once: what is left is what
//! crawling itself costs.

mod support;

use std::io;
use std::num::NonZeroUsize;
use std::process::ExitCode;

use crawler::store::File;
use crawler::{Crawl, Settings, async_rayon, async_tasks, processes, serial, threads};
use criterion::{Criterion, Throughput};
use demo_site::Site;

const PAGES: usize = 200;

/// Pages in flight.
const JOBS: usize = 16;

fn main() -> ExitCode {
    // The processes model starts this very program again.
    executors::hook(processes::JOBS);
    // Ten samples: a crawl takes a tenth of a second.
    support::main(10, &[crawl])
}

fn crawl(criterion: &mut Criterion) -> io::Result<()> {
    let site = Site::builder().pages(PAGES).start()?;
    let seed = site.url("/").parse().map_err(io::Error::other)?;
    let mut settings = Settings::new(vec![seed]);
    settings.politeness.jobs = JOBS;
    // All of them are of one host, which does not mind.
    settings.politeness.per_host = JOBS;
    let workers = NonZeroUsize::new(JOBS).unwrap_or(NonZeroUsize::MIN);
    let mut group = criterion.benchmark_group("crawl");
    group.throughput(Throughput::Elements(PAGES as u64));
    let models: [(&str, Model); 5] = [
        ("serial", serial::run),
        ("threads", threads::run),
        ("processes", processes::run),
        ("async", async_tasks::run),
        ("async + rayon", async_rayon::run),
    ];
    for (name, run) in models {
        let pages = || -> Result<u64, crawler::crawl::Error> {
            let state = File::temporary()?;
            let crawl = Crawl::new(settings.clone(), state, None, Box::new(|_page| ()))?;
            run(&crawl, workers)?;
            Ok(crawl.finish()?.pages)
        };
        // What can't be crawled once is told of; later it would only be a panic.
        pages().map_err(io::Error::other)?;
        group.bench_function(name, |bencher| {
            bencher.iter(|| assert!(pages().is_ok_and(|pages| pages == PAGES as u64), "{name}"));
        });
    }
    group.finish();
    Ok(())
}

/// The interface that all models share.
type Model = fn(&Crawl, NonZeroUsize) -> Result<(), crawler::crawl::Error>;
