//! Flags for a crawl: which pages, how politely, and what is kept.

use std::path::PathBuf;
use std::time::Duration;

use clap::ValueEnum;
use common::cli::numbers;
use crawler::select::Pick;

use super::sending::Sending;
use super::values::{self, Seed};

#[derive(clap::Args, Debug, PartialEq)]
pub(in crate::cli) struct CrawlArgs {
    /// The URLs to begin with. Without http:// or https://, https is tried, and then http
    #[arg(value_name = "URL", value_parser = values::seed)]
    pub(in crate::cli) urls: Vec<Seed>,

    /// Which pages belong to the crawl
    #[arg(long, value_enum, default_value = "host", help_heading = "Which pages")]
    pub(super) scope: ReachArg,
    /// Only pages whose URL matches one of these regular expressions; repeatable
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Which pages")]
    pub(super) include: Vec<String>,
    /// No pages whose URL matches one of these; repeatable
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Which pages")]
    pub(super) exclude: Vec<String>,
    /// Request no URLs that match one of these, on any host; repeatable
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Which pages")]
    pub(super) skip: Vec<String>,
    /// The same from a file: one regular expression on each line; # begins a comment
    #[arg(long, value_name = "FILE", help_heading = "Which pages")]
    pub(super) skip_file: Option<PathBuf>,
    /// Depth: links away from the given URLs; 0 is only those [default: no limit]. `check` also requests
    /// the links of the last pages, but does not read their targets. A depth is finished before the
    /// next one begins
    #[arg(long, value_name = "N", help_heading = "Which pages")]
    pub(super) depth: Option<u32>,
    /// Begin with the sitemaps, too: those in robots.txt, or /sitemap.xml
    #[arg(long, help_heading = "Which pages")]
    pub(super) sitemaps: bool,
    /// Follow the URLs in style sheets, too: url() and @import
    #[arg(long, help_heading = "Which pages")]
    pub(super) css: bool,
    /// Error statuses that are accepted, such as 403,429; repeatable
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(400..1000), help_heading = "Which pages")]
    pub(super) accept: Vec<u16>,
    /// Follow the targets of forms, too
    #[arg(long, help_heading = "Which pages")]
    pub(super) forms: bool,
    /// Treat URLs that differ only in their query as one page
    #[arg(long, help_heading = "Which pages")]
    pub(super) ignore_query: bool,
    /// Keep utm_…, PHPSESSID and other parameters that track people or name a session
    #[arg(long, help_heading = "Which pages")]
    pub(super) keep_tracking: bool,

    /// Pages, in all runs together; redirects and canonical links are no pages
    /// [default: no limit]
    #[arg(long, value_name = "N", value_parser = numbers::number, help_heading = "When it stops")]
    pub(super) max_pages: Option<u64>,
    /// Bytes of bodies; then no page is started [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, help_heading = "When it stops")]
    pub(super) max_bytes: Option<u64>,
    /// Time; then no page is started [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, help_heading = "When it stops")]
    pub(super) max_time: Option<Duration>,
    /// Bytes of a URL, at most
    #[arg(long, value_name = "N", default_value = "2048", help_heading = "Traps")]
    pub(super) max_url: usize,
    /// How often a segment may be in a path
    #[arg(long, value_name = "N", default_value = "4", help_heading = "Traps")]
    pub(super) max_repeats: usize,
    /// Pages of one host, at most
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "1_000_000", help_heading = "Traps")]
    pub(super) max_per_host: u64,
    /// Pages whose URLs differ only in their numbers, at most
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "10_000", help_heading = "Traps")]
    pub(super) max_per_pattern: u64,

    /// Pages in flight from one host, at most
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Politeness")]
    pub(super) per_host: u16,
    /// Time from one request to the next for one host; a longer Crawl-delay takes precedence
    /// [default: none]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, help_heading = "Politeness")]
    pub(super) delay: Option<Duration>,
    /// Bytes of a body, at most
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "10MiB", help_heading = "Politeness")]
    pub(super) max_body: u64,
    /// Longest time for a connection, a header, the next piece of a body
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, default_value = "20s", help_heading = "Politeness")]
    pub(super) timeout: Duration,
    /// Attempts after the first
    #[arg(
        long,
        value_name = "N",
        default_value = "2",
        help_heading = "Politeness"
    )]
    pub(super) retries: u32,
    /// The User-Agent [default: many-hands-crawler/VERSION]
    #[arg(long, value_name = "TEXT", help_heading = "Politeness")]
    pub(super) user_agent: Option<String>,
    /// Ignore robots.txt: for your own site
    #[arg(long, help_heading = "Politeness")]
    pub(super) ignore_robots: bool,
    /// Follow links with nofollow, too
    #[arg(long, help_heading = "Politeness")]
    pub(super) ignore_nofollow: bool,
    /// Accept any certificate
    #[arg(long, help_heading = "Politeness")]
    pub(super) insecure: bool,
    /// Allow private addresses in all links; the given URLs may be private without this flag
    #[arg(long, help_heading = "Politeness")]
    pub(super) allow_private: bool,

    #[command(flatten)]
    pub(super) sending: Sending,

    /// Select texts from each page: [NAME=]CSS[::text|::attr(NAME)]; repeatable
    #[arg(long, value_name = "CSS", value_parser = Pick::read, help_heading = "What is kept")]
    pub(super) select: Vec<Pick>,
    /// Keep the state in FILE, which SQLite and `crawler report` open [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = "What is kept")]
    pub(in crate::cli) db: Option<PathBuf>,
    /// Replace the crawl in --db, if there is one
    #[arg(
        long,
        requires = "db",
        conflicts_with = "resume",
        help_heading = "What is kept"
    )]
    pub(super) overwrite: bool,
    /// Resume the crawl in --db; temporary failures (no answer, 429, 5xx) are requested again
    #[arg(long, requires = "db", help_heading = "What is kept")]
    pub(super) resume: bool,
    /// With --resume: request all broken URLs again
    #[arg(long, requires = "resume", help_heading = "What is kept")]
    pub(super) retry_failed: bool,
    /// Write all answers to a new WARC 1.1 archive. --overwrite replaces a file of that name, --resume
    /// appends to it
    #[arg(long, value_name = "FILE", help_heading = "What is kept")]
    pub(in crate::cli) warc: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum ReachArg {
    /// The same host and port
    Host,
    /// The host without its www., and all its subdomains
    Domain,
    /// The same host, below the folder of the given URL
    Prefix,
    /// Everywhere
    Any,
}
