//! Fetching what was asked for.

use std::cell::RefCell;
use std::fs;
use std::pin::pin;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context;
use async_fetch::{Fetcher, Proxy, Request};
use common::cli::{Interrupt, Outcome};
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt, stream};
use tokio::runtime::Builder;

use super::args::Args;
use super::bars::Bars;
use super::descriptors;
use super::input::{Item, Items, Source};
use super::report::Report;

/// How often Ctrl-C is looked for, and the bars are set.
const GLANCE: Duration = Duration::from_millis(50);

/// How long what is being written may take when all is over.
const LAST_WRITES: Duration = Duration::from_secs(5);

/// Fetches, and tells of each.
pub(super) fn run(args: &Args, source: Source, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    descriptors::raise(args.polite.jobs, args.folder.is_some())?;
    if let Some(folder) = &args.folder {
        fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    }
    let bars = Bars::new(args.output.quiet);
    let fetcher = fetcher(args, bars.as_ref())?;
    let report = Rc::new(RefCell::new(Report::new(args, bars.clone())));
    // One thread: it waits, and hardly computes. Files have threads of their own.
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let items = source.start(args)?;
    let result = runtime.block_on(all(
        args,
        &fetcher,
        items,
        &report,
        bars.as_deref(),
        interrupt,
    ));
    drop(fetcher);
    // What was cancelled while it was written to disk is written to its end.
    runtime.shutdown_timeout(LAST_WRITES);
    let mut report = report.borrow_mut();
    // A reader that has gone wants no summary either.
    result?;
    report.conclude()
}

fn fetcher(args: &Args, bars: Option<&Arc<Bars>>) -> anyhow::Result<Fetcher> {
    let proxy = match args.network.proxy.as_deref() {
        None => Proxy::Environment,
        Some("none") => Proxy::None,
        Some(url) => Proxy::Url(url.to_owned()),
    };
    let mut builder = Fetcher::builder()
        .limits(args.limits())
        .timeouts(args.timeouts())
        .retries(args.retries())
        .proxy(proxy);
    for (name, value) in &args.headers {
        builder = builder.header(name.clone(), value.clone());
    }
    if args.network.http2 {
        builder = builder.http2_only();
    }
    if args.network.insecure {
        builder = builder.insecure();
    }
    if let Some(bars) = bars {
        builder = builder.watch(Arc::clone(bars) as Arc<dyn async_fetch::Watch>);
    }
    Ok(builder.build()?)
}

async fn all(
    args: &Args,
    fetcher: &Fetcher,
    items: Items,
    report: &Rc<RefCell<Report>>,
    bars: Option<&Bars>,
    interrupt: &Interrupt,
) -> anyhow::Result<()> {
    let requests = requests(items, Rc::clone(report), args.fail_fast);
    let mut outcomes = Box::pin(fetcher.fetch_all(requests));
    let mut interrupted = pin!(async {
        while !interrupt.raised() {
            if let Some(bars) = bars {
                bars.tick();
            }
            tokio::time::sleep(GLANCE).await;
        }
    });
    // While outcomes follow each other the timer is not asked.
    while !interrupt.raised() {
        let next = select(outcomes.next(), interrupted.as_mut()).await;
        let Either::Left((Some(outcome), _)) = next else {
            break;
        };
        let mut report = report.borrow_mut();
        report.outcome(&outcome)?;
        if args.fail_fast && report.has_failures() {
            break;
        }
    }
    // Dropping the stream cancels all that is in flight.
    drop(outcomes);
    report.borrow_mut().check()
}

/// The requests among the items; the other items are reported as they pass.
fn requests(
    items: Items,
    report: Rc<RefCell<Report>>,
    fail_fast: bool,
) -> impl Stream<Item = Request> {
    let batches = stream::unfold(items, |mut items| async {
        let batch = items.next().await?;
        Some((stream::iter(batch), items))
    });
    let mut number = 0;
    batches.flatten().filter_map(move |item| {
        let mut report = report.borrow_mut();
        let request = match item {
            // After a failure nothing new is begun.
            _ if fail_fast && report.has_failures() => None,
            Item::Fetch(request) => {
                number += 1;
                Some(request.tag(number))
            }
            Item::There { url, path, bytes } => {
                report.there(&url, &path, bytes);
                None
            }
            Item::Bad { line, error } => {
                report.bad(&line, &error);
                None
            }
        };
        std::future::ready(request)
    })
}
