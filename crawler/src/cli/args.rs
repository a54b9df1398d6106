//! The command line's grammar.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, Subcommand, ValueEnum};
use common::cli::{Choice, RunArgs, Shell, Usage, numbers};
use crawler::normalise::Rules;
use crawler::report::{CheckFormat, Format};
use crawler::scope::Reach;
use crawler::select::Pick;
use crawler::settings::{Limits, Politeness, Settings};
use crawler::store::{self, File};
use crawler::traps::Traps;
use url::Url;

use super::model::Kind;

/// Limits that can't be set.
const FIXED: &str = "Limits that can't be set: 10 redirects one after the other; 20,000 links of a page; 1000 \
    sitemaps, each of 50,000 entries and 50 MiB; 500 KiB of a robots.txt; a Crawl-delay of a minute; 512 \
    elements within each other, and 1000 of what is picked, for --select; 100 headers. TOOL.md has the \
    reasons.";

/// Crawls web sites, and checks their links: politely, from one page to the next, to the end.
///
/// It keeps to robots.txt, stays on the host it began at, fetches each page once, and keeps its
/// state in SQLite. A page that can't be fetched is reported, the rest is done, and the exit code
/// is 1.
///
/// Without arguments: starts a small site of its own with 300 pages that take 20 ms each, and crawls
/// it in every model of concurrency.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
#[command(mut_arg("jobs", |arg| arg.help("Pages in flight, at most 1024 [default: 16]")))]
#[command(after_long_help = FIXED)]
pub(crate) struct Args {
    #[command(flatten)]
    pub(super) crawl: CrawlArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
    /// Which model does it; `all` compares them [default: rayon; without URL: all]
    #[arg(long, global = true)]
    pub(super) model: Option<Choice<Kind>>,
    #[command(subcommand)]
    pub(super) command: Option<Command>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Check all links of a site, those that lead out too, and their fragments; exit 1 if any is
    /// broken
    Check(Box<CheckArgs>),
    /// Report on the state of a crawl
    Report(ReportArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(clap::Args, Debug)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    pub(super) crawl: CrawlArgs,
    /// A page that takes longer is told of
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = SLOW)]
    pub(super) slow: Duration,
    /// How the result is written [default: text; with --json: json]
    #[arg(long, value_enum)]
    pub(super) format: Option<CheckFormatArg>,
    /// Write it into FILE, which appears whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
    /// Only links within the site
    #[arg(long)]
    internal_only: bool,
}

/// A page that takes longer is slow.
const SLOW: &str = "5s";

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CheckFormatArg {
    /// For people: an entry for each target, with the places that link there
    Text,
    /// One JSON document
    Json,
    /// A JSON document a line: an entry each, and a summary at the end
    Jsonl,
    /// A line for each broken link
    Csv,
    /// Test results, for Jenkins, GitLab and others
    Junit,
    /// Annotations, for GitHub's workflows
    Github,
    /// A table
    Markdown,
}

impl From<CheckFormatArg> for CheckFormat {
    fn from(format: CheckFormatArg) -> CheckFormat {
        match format {
            CheckFormatArg::Text => CheckFormat::Text,
            CheckFormatArg::Json => CheckFormat::Json,
            CheckFormatArg::Jsonl => CheckFormat::JsonLines,
            CheckFormatArg::Csv => CheckFormat::Csv,
            CheckFormatArg::Junit => CheckFormat::JUnit,
            CheckFormatArg::Github => CheckFormat::GitHub,
            CheckFormatArg::Markdown => CheckFormat::Markdown,
        }
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct ReportArgs {
    /// The state that `--db` wrote
    pub(super) db: PathBuf,
    /// What is told [default: pages; with --json: jsonl]
    #[arg(long, value_enum)]
    pub(super) format: Option<FormatArg>,
    /// For `broken`: a page that took longer is told of
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = SLOW)]
    pub(super) slow: Duration,
    /// Write it into FILE, which appears whole or not at all [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    pub(super) output: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum FormatArg {
    /// A line a page
    Pages,
    /// Broken links with the places they stand in, redirected ones, and slow pages
    Broken,
    /// The same as one JSON document
    BrokenJson,
    /// The graph of links for Graphviz
    Dot,
    /// The graph of links for Gephi and yEd
    Graphml,
    /// A line of JSON a page
    Jsonl,
    /// For spreadsheets
    Csv,
    /// The pages that are there
    Sitemap,
}

impl From<FormatArg> for Format {
    fn from(format: FormatArg) -> Format {
        match format {
            FormatArg::Pages => Format::Pages,
            FormatArg::Broken => Format::Check(CheckFormat::Text),
            FormatArg::BrokenJson => Format::Check(CheckFormat::Json),
            FormatArg::Dot => Format::Dot,
            FormatArg::Graphml => Format::GraphMl,
            FormatArg::Jsonl => Format::JsonLines,
            FormatArg::Csv => Format::Csv,
            FormatArg::Sitemap => Format::Sitemap,
        }
    }
}

#[derive(clap::Args, Debug, PartialEq)]
pub(super) struct CrawlArgs {
    /// Where to begin. Without http:// or https:// in front, https is tried, and then http
    #[arg(value_name = "URL", value_parser = seed)]
    pub(super) urls: Vec<Seed>,

    /// How far from there
    #[arg(long, value_enum, default_value = "host", help_heading = "Which pages")]
    scope: ReachArg,
    /// Only pages whose URL matches one of these regular expressions; repeatable
    #[arg(long, value_name = "REGEX", value_parser = pattern, help_heading = "Which pages")]
    include: Vec<String>,
    /// No pages whose URL matches one of these; repeatable
    #[arg(long, value_name = "REGEX", value_parser = pattern, help_heading = "Which pages")]
    exclude: Vec<String>,
    /// Send nothing to URLs that match one of these, on whatever host; repeatable
    #[arg(long, value_name = "REGEX", value_parser = pattern, help_heading = "Which pages")]
    skip: Vec<String>,
    /// The same from a file: a regular expression a line; lines that begin with # are comments
    #[arg(long, value_name = "FILE", help_heading = "Which pages")]
    skip_file: Option<PathBuf>,
    /// Links away from the URLs given: 0 is only those [default: no limit]. A depth is finished
    /// before the next is begun
    #[arg(long, value_name = "N", help_heading = "Which pages")]
    depth: Option<u32>,
    /// Begin with the sitemaps, too: those robots.txt names, else /sitemap.xml
    #[arg(long, help_heading = "Which pages")]
    sitemaps: bool,
    /// Follow what style sheets name, too: url() and @import
    #[arg(long, help_heading = "Which pages")]
    css: bool,
    /// Statuses of failure that are none here, as 403,429; repeatable
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(400..1000), help_heading = "Which pages")]
    accept: Vec<u16>,
    /// Go where forms lead, too
    #[arg(long, help_heading = "Which pages")]
    forms: bool,
    /// Take URLs that differ only in their query for one
    #[arg(long, help_heading = "Which pages")]
    ignore_query: bool,
    /// Keep utm_…, PHPSESSID and other parameters that only track people or name their session
    #[arg(long, help_heading = "Which pages")]
    keep_tracking: bool,

    /// Pages fetched, in all runs together; redirects and canonical links are no pages
    /// [default: no limit]
    #[arg(long, value_name = "N", value_parser = numbers::number, help_heading = "When it stops")]
    max_pages: Option<u64>,
    /// Bytes of bodies, after which no page is begun [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, help_heading = "When it stops")]
    max_bytes: Option<u64>,
    /// Time, after which no page is begun [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, help_heading = "When it stops")]
    max_time: Option<Duration>,
    /// Bytes of a URL
    #[arg(long, value_name = "N", default_value = "2048", help_heading = "Traps")]
    max_url: usize,
    /// How often a segment may stand in a path
    #[arg(long, value_name = "N", default_value = "4", help_heading = "Traps")]
    max_repeats: usize,
    /// Pages of one host
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "1_000_000", help_heading = "Traps")]
    max_per_host: u64,
    /// Pages whose URLs differ only in their numbers
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "10_000", help_heading = "Traps")]
    max_per_pattern: u64,

    /// Pages in flight from one host
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Politeness")]
    per_host: u16,
    /// From one request to the next for one host; a longer Crawl-delay goes first [default: none]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, help_heading = "Politeness")]
    delay: Option<Duration>,
    /// Bytes of a body
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "10MiB", help_heading = "Politeness")]
    max_body: u64,
    /// For a connection, a header, the next piece of a body
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = "20s", help_heading = "Politeness")]
    timeout: Duration,
    /// Attempts after the first
    #[arg(
        long,
        value_name = "N",
        default_value = "2",
        help_heading = "Politeness"
    )]
    retries: u32,
    /// How it introduces itself [default: many-hands-crawler/VERSION]
    #[arg(long, value_name = "TEXT", help_heading = "Politeness")]
    user_agent: Option<String>,
    /// Don't ask for robots.txt: for your own site
    #[arg(long, help_heading = "Politeness")]
    ignore_robots: bool,
    /// Follow links marked nofollow, too
    #[arg(long, help_heading = "Politeness")]
    ignore_nofollow: bool,
    /// Accept any certificate
    #[arg(long, help_heading = "Politeness")]
    insecure: bool,
    /// Ask private addresses that a page names; the URLs given may be private without it
    #[arg(long, help_heading = "Politeness")]
    allow_private: bool,

    /// Pick something out of each page: [NAME=]CSS[::text|::attr(NAME)]; repeatable
    #[arg(long, value_name = "CSS", value_parser = Pick::read, help_heading = "What is kept")]
    select: Vec<Pick>,
    /// Keep the state in FILE, which SQLite and `crawler report` open [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = "What is kept")]
    pub(super) db: Option<PathBuf>,
    /// Begin anew, if a crawl is in --db already
    #[arg(
        long,
        requires = "db",
        conflicts_with = "resume",
        help_heading = "What is kept"
    )]
    overwrite: bool,
    /// Go on with the crawl in --db; what failed and may pass (no answer, 429, 5xx) is asked for again
    #[arg(long, requires = "db", help_heading = "What is kept")]
    resume: bool,
    /// With --resume: ask again for all that is broken
    #[arg(long, requires = "resume", help_heading = "What is kept")]
    retry_failed: bool,
    /// Write all answers to a new WARC 1.1 archive; with --overwrite in place of a file of that name, with
    /// --resume behind what is in it
    #[arg(long, value_name = "FILE", help_heading = "What is kept")]
    pub(super) warc: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
enum ReachArg {
    /// The same host and port
    Host,
    /// The host without its www., and all below it
    Domain,
    /// The same host, and below the folder of the URL given
    Prefix,
    /// Everywhere
    Any,
}

/// Where a crawl begins.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Seed {
    url: Url,
    /// Its scheme was not given.
    guessed: bool,
}

fn seed(text: &str) -> Result<Seed, String> {
    let not_a_url =
        |error| format!("{text}: not a URL ({error}): it should look like http://example.org/");
    // `example.org:8080` has a scheme by the letter of the standard.
    let has_scheme = text.contains("://") || !text.contains('.') && !text.starts_with("localhost");
    let url = match has_scheme {
        true => Url::parse(text),
        false => Url::parse(&format!("https://{text}")),
    };
    let url = url.map_err(not_a_url)?;
    match url.scheme() {
        "http" | "https" => Ok(Seed {
            url,
            guessed: !has_scheme,
        }),
        other => Err(format!(
            "{text}: {other}: is not crawled: only http and https are"
        )),
    }
}

fn pattern(text: &str) -> Result<String, crawler::crawl::Error> {
    crawler::crawl::pattern(text).map(|_| text.to_owned())
}

/// Pages in flight, unless `-j` says otherwise: waiting takes no CPU.
pub(super) const JOBS: usize = 16;

/// What is taken if nothing is said.
fn usual() -> CrawlArgs {
    Args::parse_from(["crawler"]).crawl
}

impl Args {
    /// What clap can't see.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        let crawl = match &self.command {
            // The demonstration takes none of it.
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
    /// What the crawl is to do.
    ///
    /// # Errors
    /// As [`CrawlArgs::settings`].
    pub(super) fn settings(&self, jobs: usize) -> anyhow::Result<Settings> {
        let mut settings = self.crawl.settings(jobs, true)?;
        settings.internal_only = self.internal_only;
        Ok(settings)
    }
}

impl CrawlArgs {
    /// The file for the state, as `--resume` and `--overwrite` want it.
    pub(super) fn state(&self, path: &Path) -> Result<File, store::Error> {
        match (self.resume, self.overwrite) {
            (true, _) => File::resume(path),
            (false, true) => File::overwrite(path),
            (false, false) => File::create(path),
        }
    }

    /// The patterns of `--skip` and `--skip-file`.
    fn skip(&self) -> anyhow::Result<Vec<String>> {
        let mut patterns = self.skip.clone();
        if let Some(path) = &self.skip_file {
            let text = std::fs::read_to_string(path).with_context(|| path.display().to_string())?;
            for (number, line) in text.lines().enumerate() {
                let line = line.trim();
                if line.is_empty() || line.starts_with('#') {
                    continue;
                }
                let place = || format!("{}:{}", path.display(), number + 1);
                patterns.push(pattern(line).with_context(place)?);
            }
        }
        Ok(patterns)
    }

    /// What the crawl is to do.
    ///
    /// # Errors
    /// If the file of `--skip-file` can't be read, or has something else in it.
    pub(super) fn settings(&self, jobs: usize, check: bool) -> anyhow::Result<Settings> {
        let mut politeness = Politeness {
            jobs,
            per_host: self.per_host.into(),
            delay: self.delay.unwrap_or_default(),
            body: self.max_body,
            timeout: self.timeout,
            // A server that sends a byte now and then is not waited for much longer than a silent one.
            time: self.timeout.saturating_mul(6),
            retries: self.retries,
            insecure: self.insecure,
            private: self.allow_private,
            ..Politeness::default()
        };
        if let Some(name) = &self.user_agent {
            politeness.user_agent.clone_from(name);
        }
        let urls = |guessed: bool| {
            let seeds = self
                .urls
                .iter()
                .filter(move |seed| !guessed || seed.guessed);
            seeds.map(|seed| seed.url.clone()).collect::<Vec<_>>()
        };
        Ok(Settings {
            reach: match self.scope {
                ReachArg::Host => Reach::Host,
                ReachArg::Domain => Reach::Domain,
                ReachArg::Prefix => Reach::Prefix,
                ReachArg::Any => Reach::Any,
            },
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            depth: self.depth,
            rules: Rules {
                ignore_query: self.ignore_query,
                keep_tracking: self.keep_tracking,
            },
            forms: self.forms,
            // A link that search engines are to leave alone can be broken like any other.
            obeys_nofollow: !self.ignore_nofollow && !check,
            obeys_robots: !self.ignore_robots,
            sitemaps: self.sitemaps,
            traps: Traps {
                url_length: self.max_url,
                repeats: self.max_repeats,
                per_host: self.max_per_host,
                per_pattern: self.max_per_pattern,
            },
            check,
            picks: self.select.clone(),
            limits: Limits {
                pages: self.max_pages,
                bytes: self.max_bytes,
                time: self.max_time,
            },
            politeness,
            skip: self.skip()?,
            accepted: self.accept.clone(),
            css: self.css,
            guessed: urls(true),
            retry_failed: self.retry_failed,
            ..Settings::new(urls(false))
        })
    }
}
