//! The command line's grammar.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use async_fetch::{Checksum, HeaderName, HeaderValue, Limits, Retries, Timeouts};
use clap::{Parser, Subcommand};
use common::cli::{OutputArgs, Shell, numbers};

/// Fetches many URLs at once: politely, with retries, and to the end.
///
/// URLs stand on the command line, in a file (-i), or come from standard input (-), one a line,
/// with a checksum behind it if you like. Each gets a line: status, bytes, time, attempts.
///
/// Without URLs it reads nothing, and shows why waiting work wants concurrency: 200 pages of a site
/// on this machine that takes 50 ms for each, fetched one after the other, by threads, and by async,
/// compared in a table. That takes twelve seconds, ten of them for one after the other.
///
/// Exit codes: 0 all fetched; 1 some failed; 2 usage; 130 interrupted.
#[derive(Parser, Debug, PartialEq)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    /// What to fetch; - reads URLs from standard input
    #[arg(value_name = "URL")]
    pub(super) urls: Vec<String>,
    /// Read URLs from FILE, one a line; empty lines and those that begin with # are left out
    #[arg(short, long, value_name = "FILE", conflicts_with = "urls")]
    pub(super) input: Option<PathBuf>,
    /// Save bodies in DIR, under the last part of the URL's path. A file is there when it is
    /// whole, and what was begun is gone on with; what is there already is not fetched again
    #[arg(short = 'o', long = "output", value_name = "DIR")]
    pub(super) folder: Option<PathBuf>,
    /// Fetch what is there already again, and replace it
    #[arg(long, requires = "folder")]
    pub(super) overwrite: bool,
    /// The checksum that the body must have, as sha256: and 64 digits; for one URL
    #[arg(long, value_name = "SUM")]
    pub(super) checksum: Option<Checksum>,
    /// Send this header; may be given more than once
    #[arg(short = 'H', long = "header", value_name = "NAME: VALUE", value_parser = header)]
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    /// Ask for the header only
    #[arg(short = 'I', long, conflicts_with = "folder")]
    pub(super) head: bool,
    /// Ask for compression, and undo it
    #[arg(long, conflicts_with = "folder")]
    pub(super) compressed: bool,
    /// Stop at the first that fails
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// No line for each URL, only the summary, on standard output
    #[arg(short, long)]
    pub(super) summary: bool,
    #[command(flatten)]
    pub(super) polite: Polite,
    #[command(flatten)]
    pub(super) network: Network,
    /// How many times the demonstration runs each model
    /// [default: 3 or more, inside of ten seconds]
    #[arg(long, value_name = "N", value_parser = runs, conflicts_with_all = ["urls", "input"])]
    pub(super) runs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

/// How much at once, and how often.
#[derive(clap::Args, Debug, PartialEq)]
#[command(next_help_heading = "Limits")]
pub(super) struct Polite {
    /// Requests in flight at once; as many files may be open, and twice as many with -o
    #[arg(short, long, value_name = "N", default_value = "64", value_parser = at_least_one)]
    pub(super) jobs: usize,
    /// Requests in flight at once for one host
    #[arg(long, value_name = "N", default_value = "6", value_parser = at_least_one)]
    per_host: usize,
    /// Requests a second, of all hosts together [default: no limit]
    #[arg(long, value_name = "N", value_parser = rate)]
    rate: Option<f64>,
    /// From one request to the next for one host
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = numbers::duration)]
    delay: Duration,
    /// Attempts after the first, of what is safe to repeat; all together a fifth of the requests,
    /// and a hundred
    #[arg(long, value_name = "N", default_value_t = 3)]
    retries: u32,
    /// The wait before the second attempt, which doubles with each that follows
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = numbers::duration)]
    backoff: Duration,
    /// Try refused connections again too
    #[arg(long)]
    retry_refused: bool,
    /// Redirects that are followed
    #[arg(long, value_name = "N", default_value_t = 10)]
    max_redirects: usize,
    /// Bytes of a body
    #[arg(long, value_name = "SIZE", default_value = "1TiB", value_parser = numbers::size)]
    max_body: u64,
    /// Time for a connection
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = numbers::duration)]
    connect_timeout: Duration,
    /// Time for the header of an answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    header_timeout: Duration,
    /// Time for the next part of a body
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    idle_timeout: Duration,
    /// Time for all of a URL, its attempts included
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = numbers::duration)]
    timeout: Duration,
}

/// How the network is used.
#[derive(clap::Args, Debug, PartialEq)]
#[command(next_help_heading = "Network")]
pub(super) struct Network {
    /// Use this proxy: http://…, socks5://…, socks5h://…, or none [default: what http_proxy and the
    /// like say]
    #[arg(long, value_name = "URL")]
    pub(super) proxy: Option<String>,
    /// Speak HTTP/2 only, also to http://
    #[arg(long)]
    pub(super) http2: bool,
    /// Accept any certificate: anybody on the way can then read and change everything
    #[arg(short = 'k', long)]
    pub(super) insecure: bool,
}

#[derive(Subcommand, Debug, PartialEq)]
pub(super) enum Command {
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

impl Args {
    /// Whether a flag is given that means nothing to the demonstration.
    pub(super) fn ask_for_urls(&self) -> bool {
        let plain = Args {
            runs: self.runs,
            output: self.output.clone(),
            ..Args::parse_from([""])
        };
        *self != plain
    }

    pub(super) fn limits(&self) -> Limits {
        Limits {
            jobs: self.polite.jobs,
            per_host: self.polite.per_host,
            rate: self.polite.rate,
            host_delay: self.polite.delay,
            redirects: self.polite.max_redirects,
            body: self.polite.max_body,
            ..Limits::default()
        }
    }

    pub(super) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: self.polite.connect_timeout,
            first_byte: self.polite.header_timeout,
            idle: self.polite.idle_timeout,
            total: self.polite.timeout,
        }
    }

    pub(super) fn retries(&self) -> Retries {
        Retries {
            most: self.polite.retries,
            base: self.polite.backoff,
            refused: self.polite.retry_refused,
            ..Retries::default()
        }
    }
}

fn at_least_one(text: &str) -> Result<usize, String> {
    let number = numbers::number(text).map_err(|error| error.to_string())?;
    match usize::try_from(number) {
        Ok(0) | Err(_) => Err(format!("{text}: at least 1 is needed")),
        Ok(number) => Ok(number),
    }
}

fn runs(text: &str) -> Result<NonZeroUsize, String> {
    let number = at_least_one(text)?;
    NonZeroUsize::new(number).ok_or_else(|| format!("{text}: at least 1 is needed"))
}

fn rate(text: &str) -> Result<f64, String> {
    let rate = text
        .parse()
        .ok()
        .filter(|rate: &f64| rate.is_finite() && *rate > 0.0);
    rate.ok_or_else(|| format!("{text}: not a number above 0"))
}

fn header(text: &str) -> Result<(HeaderName, HeaderValue), String> {
    let wrong = || format!("{text}: not a header: it should be NAME: VALUE");
    let (name, value) = text.split_once(':').ok_or_else(wrong)?;
    let name = name.trim().parse().map_err(|_| wrong())?;
    let value = value.trim().parse().map_err(|_| wrong())?;
    Ok((name, value))
}
