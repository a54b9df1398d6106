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
    /// Where to begin. Without http:// or https:// in front, https is tried, and then http
    #[arg(value_name = "URL", value_parser = values::seed)]
    pub(in crate::cli) urls: Vec<Seed>,

    /// How far from there
    #[arg(long, value_enum, default_value = "host", help_heading = "Which pages")]
    pub(super) scope: ReachArg,
    /// Only pages whose URL matches one of these regular expressions; repeatable
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Which pages")]
    pub(super) include: Vec<String>,
    /// No pages whose URL matches one of these; repeatable
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Which pages")]
    pub(super) exclude: Vec<String>,
    /// Send nothing to URLs that match one of these, on whatever host; repeatable
    #[arg(long, value_name = "REGEX", value_parser = values::pattern, help_heading = "Which pages")]
    pub(super) skip: Vec<String>,
    /// The same from a file: a regular expression a line; lines that begin with # are comments
    #[arg(long, value_name = "FILE", help_heading = "Which pages")]
    pub(super) skip_file: Option<PathBuf>,
    /// Links away from the URLs given: 0 is only those [default: no limit]. `check` asks for what is
    /// linked further away, and does not read it. A depth is finished
    /// before the next is begun
    #[arg(long, value_name = "N", help_heading = "Which pages")]
    pub(super) depth: Option<u32>,
    /// Begin with the sitemaps, too: those robots.txt names, else /sitemap.xml
    #[arg(long, help_heading = "Which pages")]
    pub(super) sitemaps: bool,
    /// Follow what style sheets name, too: url() and @import
    #[arg(long, help_heading = "Which pages")]
    pub(super) css: bool,
    /// Statuses of failure that are none here, as 403,429; repeatable
    #[arg(long, value_name = "STATUS", value_delimiter = ',', value_parser = clap::value_parser!(u16).range(400..1000), help_heading = "Which pages")]
    pub(super) accept: Vec<u16>,
    /// Go where forms lead, too
    #[arg(long, help_heading = "Which pages")]
    pub(super) forms: bool,
    /// Take URLs that differ only in their query for one
    #[arg(long, help_heading = "Which pages")]
    pub(super) ignore_query: bool,
    /// Keep utm_…, PHPSESSID and other parameters that only track people or name their session
    #[arg(long, help_heading = "Which pages")]
    pub(super) keep_tracking: bool,

    /// Pages fetched, in all runs together; redirects and canonical links are no pages
    /// [default: no limit]
    #[arg(long, value_name = "N", value_parser = numbers::number, help_heading = "When it stops")]
    pub(super) max_pages: Option<u64>,
    /// Bytes of bodies, after which no page is begun [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, help_heading = "When it stops")]
    pub(super) max_bytes: Option<u64>,
    /// Time, after which no page is begun [default: no limit]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, help_heading = "When it stops")]
    pub(super) max_time: Option<Duration>,
    /// Bytes of a URL
    #[arg(long, value_name = "N", default_value = "2048", help_heading = "Traps")]
    pub(super) max_url: usize,
    /// How often a segment may stand in a path
    #[arg(long, value_name = "N", default_value = "4", help_heading = "Traps")]
    pub(super) max_repeats: usize,
    /// Pages of one host
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "1_000_000", help_heading = "Traps")]
    pub(super) max_per_host: u64,
    /// Pages whose URLs differ only in their numbers
    #[arg(long, value_name = "N", value_parser = numbers::number, default_value = "10_000", help_heading = "Traps")]
    pub(super) max_per_pattern: u64,

    /// Pages in flight from one host
    #[arg(long, value_name = "N", default_value = "4", value_parser = clap::value_parser!(u16).range(1..), help_heading = "Politeness")]
    pub(super) per_host: u16,
    /// From one request to the next for one host; a longer Crawl-delay goes first [default: none]
    #[arg(long, value_name = "TIME", value_parser = numbers::duration, help_heading = "Politeness")]
    pub(super) delay: Option<Duration>,
    /// Bytes of a body
    #[arg(long, value_name = "SIZE", value_parser = numbers::size, default_value = "10MiB", help_heading = "Politeness")]
    pub(super) max_body: u64,
    /// For a connection, a header, the next piece of a body
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
    /// How it introduces itself [default: many-hands-crawler/VERSION]
    #[arg(long, value_name = "TEXT", help_heading = "Politeness")]
    pub(super) user_agent: Option<String>,
    /// Don't ask for robots.txt: for your own site
    #[arg(long, help_heading = "Politeness")]
    pub(super) ignore_robots: bool,
    /// Follow links marked nofollow, too
    #[arg(long, help_heading = "Politeness")]
    pub(super) ignore_nofollow: bool,
    /// Accept any certificate
    #[arg(long, help_heading = "Politeness")]
    pub(super) insecure: bool,
    /// Ask private addresses that a page names; the URLs given may be private without it
    #[arg(long, help_heading = "Politeness")]
    pub(super) allow_private: bool,

    #[command(flatten)]
    pub(super) sending: Sending,

    /// Pick something out of each page: [NAME=]CSS[::text|::attr(NAME)]; repeatable
    #[arg(long, value_name = "CSS", value_parser = Pick::read, help_heading = "What is kept")]
    pub(super) select: Vec<Pick>,
    /// Keep the state in FILE, which SQLite and `crawler report` open [default: a temporary file]
    #[arg(long, value_name = "FILE", help_heading = "What is kept")]
    pub(in crate::cli) db: Option<PathBuf>,
    /// Begin anew, if a crawl is in --db already
    #[arg(
        long,
        requires = "db",
        conflicts_with = "resume",
        help_heading = "What is kept"
    )]
    pub(super) overwrite: bool,
    /// Go on with the crawl in --db; what failed and may pass (no answer, 429, 5xx) is asked for again
    #[arg(long, requires = "db", help_heading = "What is kept")]
    pub(super) resume: bool,
    /// With --resume: ask again for all that is broken
    #[arg(long, requires = "resume", help_heading = "What is kept")]
    pub(super) retry_failed: bool,
    /// Write all answers to a new WARC 1.1 archive; with --overwrite in place of a file of that name, with
    /// --resume behind what is in it
    #[arg(long, value_name = "FILE", help_heading = "What is kept")]
    pub(in crate::cli) warc: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, ValueEnum)]
pub(super) enum ReachArg {
    /// The same host and port
    Host,
    /// The host without its www., and all below it
    Domain,
    /// The same host, and below the folder of the URL given
    Prefix,
    /// Everywhere
    Any,
}
