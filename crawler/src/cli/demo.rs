//! The demonstration: a site of its own, crawled in every model.

use std::time::Duration;

use common::cli::{Interrupt, Outcome};
use crawler::Settings;
use demo_site::{Latency, Site};
use url::Url;

use super::args::Args;
use super::compare;

const PAGES: usize = 300;
const LATENCY: Duration = Duration::from_millis(20);

/// What to look for in the table.
const POINT: &str = "\
What to see: a crawl waits. Who waits for one page after the other takes 300 times 20 ms; who waits
for sixteen at once takes a sixteenth, by whatever name. Threads pay a stack and a switch for each
page in flight, processes a pipe for each body; async waits for any number on one thread, and with
rayon beside it no page that is being read keeps another one waiting.";

/// Starts the site, and compares the models.
pub(super) fn run(args: &Args, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let site = Site::builder()
        .pages(PAGES)
        .links(8)
        .latency(Latency::Fixed(LATENCY))
        .start()?;
    let mut settings = Settings::new(vec![Url::parse(&site.url("/"))?]);
    settings.politeness.jobs = args.in_flight();
    settings.politeness.per_host = args.in_flight();
    compare::run(&settings, args, interrupt, POINT)
}
