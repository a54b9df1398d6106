//! The arguments of the command line.

use clap::{Parser, Subcommand, ValueEnum};
use common::cli::{OutputArgs, numbers};
use guidelines::choose::Library;
use guidelines::measure::ROUNDS;
use std::path::PathBuf;

/// Measures what concurrency costs on this machine and from which size of work on a model pays, and recommends
/// what to use when.
///
/// Without a subcommand: the whole measurement, under a minute on two CPUs.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) measure: MeasureArgs,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(clap::Args, Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MeasureArgs {
    /// Also write a page with plots; - is standard output: then nothing else is printed
    #[arg(long, value_name = "FILE")]
    pub(super) html: Option<PathBuf>,
    /// How many times each thing is measured, 1 to 9; fewer than 3 decide nothing [default: 9]
    #[arg(long, value_name = "N", value_parser = runs)]
    pub(super) runs: Option<usize>,
    /// Do not measure Python
    #[arg(long)]
    pub(super) no_python: bool,
    /// Show a report that --json wrote, instead of measuring
    #[arg(long, value_name = "FILE", conflicts_with_all = ["runs", "no_python", "cluster"])]
    pub(super) from: Option<PathBuf>,
    /// Read the figure of a broker from a file: `cluster trip --broker URL --runs 5 --json > FILE`
    #[arg(long, value_name = "FILE")]
    pub(super) cluster: Option<PathBuf>,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Recommend a model for a piece of work; on a terminal it asks for values without a flag
    Choose(ChooseArgs),
    /// Measure everything, or your own function
    Measure {
        /// Measure the function in examples/your_work.rs, where you can write your own
        #[arg(long)]
        example: bool,
    },
    /// Compare two reports that --json wrote
    Compare {
        /// A report
        first: PathBuf,
        /// Another one
        second: PathBuf,
    },
}

#[derive(clap::Args, Clone, Debug)]
pub(super) struct ChooseArgs {
    /// How long a task takes by itself, with its waiting: 250us, 10ms
    #[arg(long, value_name = "TIME", value_parser = length)]
    pub(super) length: Option<f64>,
    /// How many tasks there are
    #[arg(long, value_name = "N", value_parser = count)]
    pub(super) count: Option<f64>,
    /// The share of its time in which a task waits: 0, 90%, 0.9
    #[arg(long, value_name = "SHARE", value_parser = share)]
    pub(super) waiting: Option<f64>,
    /// The size of a task's input and output: 4KiB, 1M
    #[arg(long, value_name = "SIZE", value_parser = size)]
    pub(super) data: Option<f64>,
    /// Whether tasks change the same data
    #[arg(long, value_name = "ANSWER")]
    pub(super) shared: Option<YesNo>,
    /// Whether a task that crashes or leaks must not harm the others
    #[arg(long, value_name = "ANSWER")]
    pub(super) isolation: Option<YesNo>,
    /// The kind of libraries that a task uses
    #[arg(long, value_name = "KIND")]
    pub(super) library: Option<Kind>,
    /// How many times each thing is measured, 1 to 9 [default: 9]
    #[arg(long, value_name = "N", value_parser = runs)]
    pub(super) runs: Option<usize>,
    /// Read the figures from a report that --json wrote, instead of measuring now
    #[arg(long, value_name = "FILE")]
    pub(super) from: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum YesNo {
    Yes,
    No,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Kind {
    /// No libraries, or both kinds
    Any,
    /// Calls that block
    Blocking,
    /// async
    Async,
}

impl From<Kind> for Library {
    fn from(kind: Kind) -> Library {
        match kind {
            Kind::Any => Library::Any,
            Kind::Blocking => Library::Blocking,
            Kind::Async => Library::Async,
        }
    }
}

fn runs(text: &str) -> Result<usize, String> {
    let runs = numbers::number(text).map_err(|error| error.to_string())?;
    let runs = usize::try_from(runs)
        .ok()
        .filter(|runs| (1..=ROUNDS).contains(runs));
    runs.ok_or_else(|| format!("{text}: expected 1 to {ROUNDS}"))
}

pub(super) fn length(text: &str) -> Result<f64, String> {
    let time = numbers::duration(text).map_err(|error| error.to_string())?;
    match time.is_zero() {
        true => Err(format!("{text}: expected more than 0")),
        false => Ok(time.as_secs_f64()),
    }
}

pub(super) fn count(text: &str) -> Result<f64, String> {
    numbers::positive(text).map(|count: u64| count as f64)
}

pub(super) fn size(text: &str) -> Result<f64, String> {
    let bytes = numbers::size(text).map_err(|error| error.to_string())?;
    Ok(bytes as f64)
}

/// `90%`, `0.9`.
pub(super) fn share(text: &str) -> Result<f64, String> {
    let (digits, whole) = match text.trim().strip_suffix('%') {
        Some(digits) => (digits.trim(), 100.0),
        None => (text.trim(), 1.0),
    };
    let share = digits.parse::<f64>().map(|value| value / whole);
    match share {
        Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
        _ => Err(format!("{text}: expected a share such as 0, 90% or 0.9")),
    }
}

/// `yes`, `no`, or their first letters.
pub(super) fn yes_no(text: &str) -> Result<YesNo, String> {
    match text.trim().to_lowercase().as_str() {
        "y" | "yes" => Ok(YesNo::Yes),
        "n" | "no" => Ok(YesNo::No),
        _ => Err(format!("{text}: expected yes or no")),
    }
}

/// `any`, `blocking` or `async`.
pub(super) fn kind(text: &str) -> Result<Kind, String> {
    Kind::from_str(text.trim(), true)
        .map_err(|_| format!("{text}: expected any, blocking or async"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_flags_are_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn answers_are_read_as_people_write_them() {
        for (text, expected) in [("0", 0.0), ("90%", 0.9), (" 0.25 ", 0.25), ("100 %", 1.0)] {
            assert_eq!(share(text), Ok(expected), "{text}");
        }
        assert_eq!(
            [yes_no("Y"), yes_no(" no")],
            [Ok(YesNo::Yes), Ok(YesNo::No)]
        );
        assert_eq!(yes_no("maybe"), Err("maybe: expected yes or no".to_owned()));
        assert_eq!(kind("Async"), Ok(Kind::Async));
        assert!(kind("java").unwrap_err().starts_with("java: expected any"));
        for text in ["", "90", "-1%", "NaN", "a lot", "101%"] {
            let error = share(text).unwrap_err();
            assert!(error.starts_with(text), "{error}");
        }
    }
}
