//! Compares models: the same crawl in each, in one table.

use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex, PoisonError};

use common::cli::{Choice, Interrupt, Outcome, compare};
use common::comparison::Comparison;
use crawler::settings::Settings;
use crawler::store::{File, PageSummary};

use super::args::Args;
use super::crawl::{begin, watched};
use super::model::{self, Model};

/// Crawls in each model, and prints the table. In a demonstration it crawls several times, and explains the
/// figures below.
pub(super) fn run(
    settings: &Settings,
    args: &Args,
    interrupt: &Interrupt,
    demonstration: bool,
) -> anyhow::Result<Outcome> {
    let models = model::models(args.model.unwrap_or(Choice::All));
    let seeds: Vec<&str> = settings.seeds.iter().map(|it| it.as_str()).collect();
    let comparison = Comparison::new("a crawl")
        .input(seeds.join(" "))
        .look_for("how many times as fast is it to wait for several pages at once?")
        .agreement("the same pages")
        .waiting();
    let comparison = match demonstration {
        true => compare::demonstrate(comparison, args.run.runs),
        false => compare::once_or_more(comparison, args.run.runs),
    };
    // Here `-j` is the number of pages in flight.
    let mut run = args.run.clone();
    run.jobs = NonZeroUsize::new(args.in_flight());
    let job = |model: &Model| {
        if interrupt.raised() {
            return Err("interrupted".into());
        }
        let pages = Arc::new(Mutex::new(Vec::new()));
        let done = Arc::clone(&pages);
        let on_page = Box::new(move |page: &PageSummary| {
            let mut pages = done.lock().unwrap_or_else(PoisonError::into_inner);
            pages.push((page.url.clone(), page.status));
        });
        let file = File::temporary()?;
        let crawl = begin(settings.clone(), file, None, on_page, interrupt)?;
        watched(&crawl, *model, args.in_flight(), || interrupt.raised())?;
        crawl.finish()?;
        if interrupt.raised() {
            return Err("interrupted".into());
        }
        let mut pages = std::mem::take(&mut *pages.lock().unwrap_or_else(PoisonError::into_inner));
        pages.sort();
        Ok(pages)
    };
    // A serial crawl takes the longest: once in a round is enough.
    let comparison = compare::add(comparison, &models, &run, job).baseline_once();
    let report = compare::finish(comparison, &models, &run);
    let names: Vec<&str> = models.iter().skip(1).map(compare::Model::name).collect();
    let point = report.scaling(&names).filter(|_| demonstration);
    let point = point.map(|it| format!("{it}\n\n{}", common::cli::read_next("crawler")));
    compare::show(&report, &point.unwrap_or_default(), &run, |_| ())
}
