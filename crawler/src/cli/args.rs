//! The command line's grammar.

mod formats;
mod pages;
mod sending;
mod settings;
mod values;

use std::path::PathBuf;
use std::time::Duration;

use anyhow::bail;
use clap::{Parser, Subcommand};
use common::cli::{Choice, RunArgs, Usage, numbers};
use crawler::Settings;

use super::model::Kind;
use formats::{CheckFormatArg, FormatArg};
pub(super) use pages::CrawlArgs;

/// Limits that can't be set.
const FIXED: &str = "Limits that can't be set: 10 redirects one after the other; 20,000 links of a page; 1000 \
    sitemaps, each of 50,000 entries and 50 MiB; 500 KiB of a robots.txt; a Crawl-delay of a minute; 512 \
    elements within each other, and 1000 of what is picked, for --select; 100 headers. TOOL.md has the \
    reasons.";

/// Crawls web sites, and checks their links.
///
/// It obeys robots.txt, stays on the host of the URL, fetches each page once, and keeps its state in
/// SQLite. A page that can't be fetched is reported, the other pages are fetched, and the exit code
/// is 1. It is 1, too, if --max-time leaves pages out.
///
/// Without arguments it shows a demonstration: it starts a small site of its own, and crawls it in
/// every model of concurrency.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(mut_arg("jobs", |arg| arg.help("Pages in flight, at most 1024 [default: 16]")))]
#[command(after_long_help = FIXED)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) crawl: CrawlArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// The model of concurrency; `all` compares them [default: rayon; without URL: all]
    #[arg(long, global = true)]
    pub(super) model: Option<Choice<Kind>>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Check all links of a site, with outside links and fragments; the exit code is 1 if any is
    /// broken, or if --max-pages, --max-bytes or --max-time leaves any unchecked
    Check(Box<CheckArgs>),
    /// Report on the state of a crawl
    Report(ReportArgs),
}

#[derive(clap::Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) crawl: CrawlArgs,
    /// Report pages that take longer than this
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = SLOW)]
    pub(super) slow: Duration,
    /// The format of the result [default: text; with --json: json]
    #[arg(long, value_enum)]
    pub(super) format: Option<CheckFormatArg>,
    /// Write the result to FILE, which appears complete or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Only links within the site
    #[arg(long)]
    internal_only: bool,
    /// Cache outside links that are right in FILE: they are not requested again for --max-age
    #[arg(long, value_name = "FILE")]
    pub(super) cache: Option<PathBuf>,
    /// How long an entry of the cache is used
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = "1d", requires = "cache")]
    pub(super) max_age: Duration,
}

/// A page that takes longer is slow.
const SLOW: &str = "5s";

#[derive(clap::Args, Debug)]
pub(super) struct ReportArgs {
    /// The state that `--db` wrote
    pub(super) db: PathBuf,
    /// What to print [default: pages; with --json: jsonl]
    #[arg(long, value_enum)]
    pub(super) format: Option<FormatArg>,
    /// For `broken`: report pages that took longer than this
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = SLOW)]
    pub(super) slow: Duration,
    /// Write the report to FILE, which appears complete or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

/// Pages in flight by default: waiting takes no CPU.
pub(super) const JOBS: usize = 16;

/// The default.
fn usual() -> CrawlArgs {
    Args::parse_from(["crawler"]).crawl
}

impl Args {
    /// Checks that clap can't do.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let crawl = match &self.command {
            // The demonstration has none of these flags.
            None if self.crawl.urls.is_empty() && self.crawl != usual() => {
                bail!(Usage("which site? Give a URL".to_owned()))
            }
            None => &self.crawl,
            Some(Command::Check(check)) if check.crawl.urls.is_empty() => {
                bail!(Usage("which site? Give a URL to check".to_owned()))
            }
            Some(Command::Check(check)) => &check.crawl,
            Some(_) => return Ok(()),
        };
        let all = self.model == Some(Choice::All);
        if all && (crawl.db.is_some() || crawl.warc.is_some()) {
            bail!(Usage(
                "--model all: compares models, and keeps nothing: leave --db and --warc out"
                    .to_owned()
            ));
        }
        Ok(())
    }

    /// Pages in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.run.jobs.map_or(JOBS, |jobs| jobs.get())
    }
}

impl CheckArgs {
    /// The settings of the crawl.
    ///
    /// # Errors
    /// As [`CrawlArgs::settings`].
    pub(super) fn settings(&self, jobs: usize) -> anyhow::Result<Settings> {
        let mut settings = self.crawl.settings(jobs, true)?;
        settings.internal_only = self.internal_only;
        Ok(settings)
    }
}
