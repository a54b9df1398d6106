//! The demonstration: it crawls a site of its own in every model.

use std::time::Duration;

use common::cli::{Interrupt, Outcome};
use crawler::Settings;
use demo_site::{Latency, Site};
use url::Url;

use super::args::Args;
use super::compare;

/// So many that ten seconds are enough for three serial crawls, and three of each other model.
const PAGES: usize = 80;
const LATENCY: Duration = Duration::from_millis(20);

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
    compare::run(&settings, args, interrupt, true)
}
