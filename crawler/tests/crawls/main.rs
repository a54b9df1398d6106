//! Crawls of a site that counts what it is asked: politeness, limits and traps by number.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod addresses;
mod breakage;
mod limits;
mod links;
mod models;
mod pages;
mod politeness;
mod reports;
mod state;
#[path = "../support/mod.rs"]
mod support;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::net::IpAddr;
use std::num::NonZeroUsize;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crawler::crawl::{Limit, Lookup, Summary};
use crawler::report::{CheckFormat, Format, Report};
use crawler::scope::Reach;
use crawler::select::Pick;
use crawler::store::{File, OnPage, PageSummary};
use crawler::{Crawl, Settings, async_rayon, async_tasks, processes, serial, threads};
use demo_site::{Latency, Site};
use executors::ProcessPool;
use support::Tiny;

type Model = fn(&Crawl, NonZeroUsize) -> Result<(), crawler::crawl::Error>;

const MODELS: [Model; 5] = [
    serial::run,
    threads::run,
    in_processes,
    async_tasks::run,
    async_rayon::run,
];

/// What worker processes run: in a test program there is no `main` to call the hook first of all.
#[test]
fn worker() {
    executors::hook(processes::JOBS);
}

fn pool() -> ProcessPool {
    executors::hook(processes::JOBS);
    let pool = ProcessPool::builder().workers(2);
    let arguments = ["worker", "--exact", "--nocapture"];
    pool.worker_args(arguments).build().unwrap()
}

fn in_processes(crawl: &Crawl, workers: NonZeroUsize) -> Result<(), crawler::crawl::Error> {
    processes::run_on(&pool(), crawl, workers)
}

fn settings(site: &Site, path: &str) -> Settings {
    let mut settings = Settings::new(vec![site.url(path).parse().unwrap()]);
    // Retries have their own tests where they live.
    settings.politeness.retries = 0;
    settings
}

/// A callback, and where it keeps the pages that it is called for.
fn listener() -> (Arc<Mutex<Vec<PageSummary>>>, OnPage) {
    let pages = Arc::new(Mutex::new(Vec::new()));
    let heard = Arc::clone(&pages);
    (
        pages,
        Box::new(move |page| heard.lock().unwrap().push(page.clone())),
    )
}

fn crawl_into(settings: Settings, file: File, model: Model) -> (Summary, Vec<PageSummary>) {
    let (pages, on_page) = listener();
    let crawl = Crawl::new(settings, file, None, on_page).unwrap();
    model(&crawl, NonZeroUsize::new(8).unwrap()).unwrap();
    let sum = crawl.finish().unwrap();
    let pages = std::mem::take(&mut *pages.lock().unwrap());
    (sum, pages)
}

fn crawl(settings: Settings) -> (Summary, Vec<PageSummary>) {
    crawl_into(settings, File::temporary().unwrap(), async_rayon::run)
}

/// The models by which each of the two fetchers is seen.
const FETCHERS: [Model; 2] = [threads::run, async_rayon::run];

fn crawl_as(model: Model, settings: Settings) -> (Summary, Vec<PageSummary>) {
    crawl_into(settings, File::temporary().unwrap(), model)
}

/// Paths of the pages that answered.
fn paths(pages: &[PageSummary]) -> BTreeSet<String> {
    let url = |page: &PageSummary| url::Url::parse(&page.url).unwrap();
    pages
        .iter()
        .map(|page| url(page).path().to_owned())
        .collect()
}

fn report(path: &Path, format: Format) -> String {
    let mut out = Vec::new();
    Report::open(path)
        .unwrap()
        .write(format, f64::INFINITY, &mut out)
        .unwrap();
    String::from_utf8(out).unwrap()
}
