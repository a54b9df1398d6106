//! The command line's grammar.

mod network;
mod polite;
mod saving;
mod sending;
pub(super) mod values;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::Parser;
use common::cli::OutputArgs;

pub(super) use network::Network;
pub(super) use polite::Polite;
pub(super) use saving::Saving;
pub(super) use sending::Sending;

/// Fetches many URLs at once: politely, with retries, and to the end.
///
/// URLs stand on the command line, in a file (-i), or come from standard input (-), one a line,
/// with a checksum behind it if you like. Each gets a line: status, bytes, time, attempts.
///
/// Without URLs it reads nothing, and shows why waiting work wants concurrency: pages of a site on
/// this machine that takes 50 ms for each, fetched one after the other, by threads, and by async,
/// compared in a table.
///
/// Exit codes: 0 all fetched; 1 some failed; 2 usage; 130 interrupted.
#[derive(Parser, Debug, PartialEq)]
#[command(version, max_term_width = 100, args_conflicts_with_subcommands = true)]
pub(crate) struct Args {
    /// What to fetch; - reads URLs from standard input. [1-100], [a-z] and {x,y} stand for many
    #[arg(value_name = "URL")]
    pub(super) urls: Vec<String>,
    /// Read URLs from FILE, one a line, with a SHA-256 if you like, and mirrors behind tabs or spaces;
    /// what begins with # is left out
    #[arg(short, long, value_name = "FILE", conflicts_with = "urls")]
    pub(super) input: Option<PathBuf>,
    /// Take [ ] { } in URLs as they are
    #[arg(short = 'g', long)]
    pub(super) globoff: bool,
    /// Stop at the first that fails
    #[arg(long)]
    pub(super) fail_fast: bool,
    /// No line for each URL, only the summary, on standard output
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
    pub(super) output: OutputArgs,
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
