//! The cost of the fetcher's checks: the same pages by the bare client and by `Fetcher`, from a site
//! on this machine that answers at once.

mod support;

use std::io;
use std::process::ExitCode;

use async_fetch::{Fetcher, Keep, Request};
use criterion::{Criterion, Throughput};
use demo_site::Site;
use futures_util::{StreamExt, stream};
use tokio::runtime::{Builder, Runtime};

/// Enough that starting and ending a stream is small beside them.
const PAGES: usize = 1000;

const AT_ONCE: usize = 64;

fn main() -> ExitCode {
    support::main(10, &[pages])
}

fn pages(criterion: &mut Criterion) -> io::Result<()> {
    let site = Site::builder().pages(PAGES).start()?;
    let urls: Vec<String> = site.pages().collect();
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let mut group = criterion.benchmark_group("pages");
    group.throughput(Throughput::Elements(PAGES as u64));
    let client = reqwest::Client::builder().no_proxy().build();
    let client = client.map_err(io::Error::other)?;
    group.bench_function("bare reqwest loop", |bencher| {
        bencher.iter(|| assert_eq!(bare(&runtime, &client, &urls), PAGES));
    });
    let fetcher = Fetcher::builder().jobs(AT_ONCE).per_host(AT_ONCE).build();
    let fetcher = fetcher.map_err(io::Error::other)?;
    group.bench_function("Fetcher", |bencher| {
        bencher.iter(|| assert_eq!(fetched(&runtime, &fetcher, &urls), PAGES));
    });
    group.finish();
    Ok(())
}

fn bare(runtime: &Runtime, client: &reqwest::Client, urls: &[String]) -> usize {
    let bodies = stream::iter(urls)
        .map(|url| {
            let request = client.get(url);
            async move { request.send().await?.bytes().await }
        })
        .buffer_unordered(AT_ONCE)
        .filter(|body| std::future::ready(body.is_ok()));
    runtime.block_on(bodies.count())
}

fn fetched(runtime: &Runtime, fetcher: &Fetcher, urls: &[String]) -> usize {
    let requests = urls.iter().filter_map(|url| Request::get(url).ok());
    let outcomes = fetcher
        .fetch_all(stream::iter(
            requests.map(|request| request.keep(Keep::Nothing)),
        ))
        .filter(|outcome| std::future::ready(outcome.is_success()));
    runtime.block_on(outcomes.count())
}
