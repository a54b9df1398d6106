//! The demonstration: the same pages in four ways.

use std::io::Write;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_fetch::models::{Failure, async_capped, async_tasks, serial, threads};
use common::cli::{Interrupt, Outcome, Progress, compare};
use common::comparison::Comparison;
use common::text::wrapped;
use demo_site::{Latency, Site};

use super::args::Args;
use super::{descriptors, input};

/// Enough pages to see the difference, and few enough to fetch three times.
const PAGES: usize = 100;

/// The round trip to a server in the same country.
const LATENCY: Duration = Duration::from_millis(20);

/// Threads at once: a thread is cheap, but not so cheap that each page gets one.
const THREADS: usize = 32;

/// Requests that a polite client sends to one host at once.
const CAP: usize = 8;

/// A page's place in the list, and a hash of its content.
type Pages = Vec<(usize, u64)>;

pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    if !args.output.quiet && input::may_hold_a_list() {
        common::remark!("standard input is not read: for a list of URLs, give -");
    }
    descriptors::raise(2 * PAGES, false)?;
    let site = Site::builder()
        .pages(PAGES)
        .latency(Latency::Fixed(LATENCY))
        .start()?;
    let urls: Vec<String> = site.pages().collect();
    let pages = Mutex::new(Pages::new());
    let done = |number: usize, body: Vec<u8>| -> Result<(), Failure> {
        if interrupt.raised() {
            return Err("interrupted".into());
        }
        let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        pages.push((number, body.iter().map(|byte| u64::from(*byte)).sum()));
        Ok(())
    };
    // The order in which they came is not the answer.
    let answer = |run: &dyn Fn() -> Result<(), Failure>| -> Result<Pages, Failure> {
        tracing::info_span!("model").in_scope(run)?;
        let mut pages = pages.lock().unwrap_or_else(PoisonError::into_inner);
        let mut pages = std::mem::take(&mut *pages);
        pages.sort_unstable();
        Ok(pages)
    };
    let progress = Progress::new("", 0, args.output.quiet);
    let comparison = Comparison::new("waiting for pages")
        .input(format!(
            "{PAGES} pages of a site on this machine that takes {LATENCY:?} for each"
        ))
        .look_for("how many times as fast is it to wait for many pages at once?")
        .agreement(format!("the same {PAGES} pages"))
        .waiting();
    let report = compare::demonstrate(comparison, args.runs)
        .baseline("serial", 1, || answer(&|| serial::run(&urls, 1, done)))
        // Two seconds: once a round is enough.
        .baseline_once()
        .model("threads", THREADS, || {
            answer(&|| threads::run(&urls, THREADS, done))
        })
        .model("async", PAGES, || {
            answer(&|| async_tasks::run(&urls, PAGES, done))
        })
        .model("async, 8 at once", CAP, || {
            answer(&|| async_capped::run(&urls, CAP, done))
        })
        .run(&mut |model, run| progress.say(&format!("{model}, run {run}")));
    progress.finish();
    let answered = report.agreed() && !report.failed();
    let mut out = common::cli::stdout();
    if args.output.json {
        out.json(&report.json())?;
    } else {
        writeln!(out, "{}", report.text().trim_end())?;
        if answered && !args.output.quiet {
            let shown = ["threads", "async", "async, 8 at once"].map(|model| {
                let line = report.scaling(&[model])?;
                Some(wrapped(&format!("- {model}: {line}"), 80))
            });
            writeln!(out, "\nWhat the figures show:")?;
            for line in shown.into_iter().flatten() {
                writeln!(out, "{line}")?;
            }
            writeln!(out, "\n{}", common::cli::read_next("async-fetch"))?;
        }
    }
    out.flush()?;
    Ok(match answered {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    })
}
