//! The command line's grammar.

mod network;
mod polite;
mod saving;
mod sending;
pub(super) mod values;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use common::cli::{OutputArgs, TraceArgs};

pub(super) use network::Network;
pub(super) use polite::Polite;
pub(super) use saving::Saving;
pub(super) use sending::Sending;

/// Fetches many URLs at once, with retries, limits for each host, and resumed downloads.
///
/// URLs come from the command line, from a file (-i), or from standard input (-), one on each line,
/// with a checksum behind it if you like. Each URL gets a line: status, bytes, time, attempts.
///
/// Without URLs it shows a demonstration: it fetches pages of a site on this machine, one after the
/// other, by threads, and by async, and compares them in a table.
///
/// Exit codes: 0 all fetched; 1 some failed; 2 usage; 130 interrupted.
#[derive(Parser, Debug, PartialEq)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// URLs to fetch; - reads them from standard input. [1-100], [a-z] and {x,y} stand for many
    #[arg(value_name = "URL")]
    pub(super) urls: Vec<String>,
    /// Read URLs from FILE, one on each line. A SHA-256 and mirrors may follow, after tabs or spaces;
    /// # begins a comment
    #[arg(short, long, value_name = "FILE", conflicts_with = "urls")]
    pub(super) input: Option<PathBuf>,
    /// Leave [ ] { } in URLs as they are
    #[arg(short = 'g', long)]
    pub(super) globoff: bool,
    /// Stop after the first failure
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// Print only the summary, to standard output
    #[arg(short, long)]
    pub(super) summary: bool,
    #[command(flatten)]
    pub(super) saving: Saving,
    #[command(flatten)]
    pub(super) sending: Sending,
    #[command(flatten)]
    pub(super) polite: Polite,
    #[command(flatten)]
    pub(super) network: Network,
    /// How many times the demonstration runs each model
    /// [default: 3 or more, inside of ten seconds]
    #[arg(long, value_name = "N", value_parser = values::runs, conflicts_with_all = ["urls", "input"])]
    pub(super) runs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) trace: TraceArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

impl Args {
    /// Whether a flag is given that the demonstration does not have.
    pub(super) fn ask_for_urls(&self) -> bool {
        let plain = Args {
            runs: self.runs,
            trace: self.trace.clone(),
            output: self.output.clone(),
            ..Args::parse_from([""])
        };
        *self != plain
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;
    use std::time::Duration;

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn limits_reach_the_fetcher() {
        let words =
            "_ --limit-rate 500K --speed-limit 7 -y 3 --retries 5 --retry-budget 9 http://a/";
        let args = Args::parse_from(words.split(' '));
        let retries = args.polite.retries();
        assert_eq!((retries.most, retries.reserve), (5, 9));
        let limits = args.polite.limits();
        assert_eq!(limits.bytes_a_second, Some(500 << 10));
        assert_eq!(limits.lowest_speed, Some((7, Duration::from_secs(3))));
    }

    #[test]
    fn a_time_without_a_unit_is_in_seconds() {
        for (text, seconds) in [("10", 10.0), ("1.5", 1.5), ("250ms", 0.25), ("2m", 120.0)] {
            let args = Args::parse_from(["", "--timeout", text, "http://a/"]);
            assert_eq!(
                args.polite.timeouts().total,
                Duration::from_secs_f64(seconds),
                "{text}"
            );
        }
    }
}
