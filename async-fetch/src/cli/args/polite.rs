//! Flags for limits: requests at once, per second, and time.

use std::time::Duration;

use async_fetch::{Limits, Retries, StatusCode, Timeouts};
use common::cli::numbers;

use super::values;

#[derive(clap::Args, Debug, PartialEq)]
#[command(next_help_heading = "Limits")]
pub(in crate::cli) struct Polite {
    /// Requests in flight at once. Each needs an open file; with -o, two
    #[arg(short, long, value_name = "N", default_value = "64", value_parser = values::at_least_one)]
    pub(in crate::cli) jobs: usize,
    /// Requests in flight at once for one host; fewer while it answers 429 or 503
    #[arg(long, value_name = "N", default_value = "6", value_parser = values::at_least_one)]
    per_host: usize,
    /// Requests a second, of all hosts together [default: no limit]
    #[arg(long, value_name = "N", value_parser = values::rate)]
    rate: Option<f64>,
    /// Time from one request to the next for one host
    #[arg(long, value_name = "TIME", default_value = "0ms", value_parser = numbers::duration)]
    delay: Duration,
    /// Bytes a second of all bodies together, such as 500K or 2MiB [default: no limit]
    #[arg(long, value_name = "SIZE", value_parser = values::speed)]
    limit_rate: Option<u64>,
    /// Give up a body that is slower than this many bytes a second for --speed-time
    #[arg(short = 'Y', long, value_name = "SIZE", value_parser = values::speed)]
    speed_limit: Option<u64>,
    /// How long a body may be slower than --speed-limit
    #[arg(short = 'y', long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    speed_time: Duration,
    /// Attempts after the first, if the request is safe to repeat
    #[arg(long, value_name = "N", default_value_t = 3)]
    retries: u32,
    /// Retries of all URLs together, in addition to a fifth of their number
    #[arg(long, value_name = "N", default_value_t = 100)]
    retry_budget: u32,
    /// Also retry after these statuses
    #[arg(long, value_name = "STATUS,…", value_delimiter = ',', value_parser = values::status)]
    retry_on: Vec<StatusCode>,
    /// The wait before the second attempt; it doubles with each further attempt
    #[arg(long, value_name = "TIME", default_value = "250ms", value_parser = numbers::duration)]
    backoff: Duration,
    /// Also retry refused connections
    #[arg(long)]
    retry_refused: bool,
    /// Redirects that are followed, at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    max_redirects: usize,
    /// Bytes of a body, at most
    #[arg(long, value_name = "SIZE", default_value = "1TiB", value_parser = numbers::size)]
    max_body: u64,
    /// Bytes of a range, at least, with --segments
    #[arg(long, value_name = "SIZE", default_value = "1MiB", value_parser = numbers::size)]
    segment_size: u64,
    /// Longest time for a connection
    #[arg(long, value_name = "TIME", default_value = "10s", value_parser = numbers::duration)]
    connect_timeout: Duration,
    /// Longest time for the header of an answer
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    header_timeout: Duration,
    /// Longest time for the next part of a body
    #[arg(long, value_name = "TIME", default_value = "30s", value_parser = numbers::duration)]
    idle_timeout: Duration,
    /// Longest time for a URL, all attempts included
    #[arg(long, value_name = "TIME", default_value = "1h", value_parser = numbers::duration)]
    timeout: Duration,
}

impl Polite {
    pub(in crate::cli) fn limits(&self) -> Limits {
        Limits {
            jobs: self.jobs,
            per_host: self.per_host,
            rate: self.rate,
            host_delay: self.delay,
            bytes_a_second: self.limit_rate,
            lowest_speed: self.speed_limit.map(|least| (least, self.speed_time)),
            redirects: self.max_redirects,
            body: self.max_body,
            segment: self.segment_size,
            ..Limits::default()
        }
    }

    pub(in crate::cli) fn timeouts(&self) -> Timeouts {
        Timeouts {
            connect: self.connect_timeout,
            first_byte: self.header_timeout,
            idle: self.idle_timeout,
            total: self.timeout,
        }
    }

    pub(in crate::cli) fn retries(&self) -> Retries {
        Retries {
            most: self.retries,
            base: self.backoff,
            refused: self.retry_refused,
            reserve: self.retry_budget,
            also: self.retry_on.clone(),
            ..Retries::default()
        }
    }
}
