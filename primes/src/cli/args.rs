//! The command line's grammar.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;

use anyhow::bail;
use clap::{Parser, Subcommand};
use common::cli::{Choice, OutputArgs, RunArgs, Usage, numbers};
use primes::Constellation;
use primes::nth::Index;

use super::algorithm::Algorithm;
use super::cluster::Broker;
use super::model::Kind;

/// Counts, lists and checks primes by threads, processes, rayon and async, and shows the speed of
/// each.
///
/// Without a subcommand it runs the workshop's experiment: every model checks the same ten numbers
/// again and again, and a table compares the times.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
// Each subcommand accepts only the options that have an effect in it: see `run_options.rs`.
#[command(mut_args(|arg| arg.global(false)))]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(super) command: Option<Command>,
    #[command(flatten)]
    pub(super) experiment: ExperimentArgs,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(Subcommand, Debug)]
pub(super) enum Command {
    /// Count the primes of a range, up to 2^64-1
    Count(CountArgs),
    /// Print the primes of a range, or groups of them, one a line
    Print(PrintArgs),
    /// Print the N-th prime, or the N-th after or before a number
    Nth(NthArgs),
    /// Print the smallest prime above each number
    Next(NumbersArgs),
    /// Print the largest prime below each number
    Previous(NumbersArgs),
    /// Say of each number whether it is prime
    Check(NumbersArgs),
    /// Print the prime factors of each number, up to 2^128-1
    Factor(FactorArgs),
    /// The experiment under a global interpreter lock, and in Python itself
    Gil(GilArgs),
    /// Count for other machines, until Ctrl-C: run jobs that come by a broker
    #[cfg(feature = "cluster")]
    Agent(ServeArgs),
}

#[derive(clap::Args, Debug)]
pub(super) struct ExperimentArgs {
    /// How often the ten numbers are checked [default: 10]
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub(super) rounds: Option<usize>,
    /// Which model to run [default: all]
    #[arg(long)]
    pub(super) model: Option<Choice<Kind>>,
    #[command(flatten)]
    pub(super) broker: Broker,
}

impl ExperimentArgs {
    /// A flag of the experiment that was given, if there is one.
    pub(super) fn given(&self) -> Option<&'static str> {
        let rounds = self.rounds.map(|_| "--rounds");
        rounds.or_else(|| self.model.map(|_| "--model"))
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct GilArgs {
    /// How often the ten numbers are checked [default: 10, with --python 1]
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub(super) rounds: Option<usize>,
    /// Also run the check in CPython, with threads and with processes
    #[arg(long)]
    pub(super) python: bool,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

/// More rounds would need gigabytes of memory for the answers.
const MOST_ROUNDS: u64 = 1_000_000;

fn rounds(text: &str) -> Result<usize, String> {
    match numbers::number(text) {
        Ok(rounds @ 1..=MOST_ROUNDS) => Ok(rounds as usize),
        Ok(_) => Err(format!("{text}: from 1 to {MOST_ROUNDS} rounds")),
        Err(error) => Err(error.to_string()),
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct RangeArgs {
    /// [START] STOP, both included; START is 0 if left out. Read as `1e9`, `10_000`, `2^64-1`
    #[arg(required = true, num_args = 1..=2, value_name = "RANGE",
          value_parser = numbers::number, allow_negative_numbers = true)]
    bounds: Vec<u64>,
    /// The range START to START + DIST
    #[arg(long, value_name = "DIST", value_parser = numbers::number, allow_negative_numbers = true)]
    dist: Option<u64>,
}

impl RangeArgs {
    /// The range from the command line.
    pub(super) fn range(&self) -> anyhow::Result<RangeInclusive<u64>> {
        match (&self.bounds[..], self.dist) {
            (&[start], Some(dist)) => match start.checked_add(dist) {
                Some(stop) => Ok(start..=stop),
                None => bail!(Usage(format!("{start} + {dist}: beyond 2^64-1"))),
            },
            (&[_, _], Some(_)) => bail!(Usage("--dist: can't be combined with STOP".to_owned())),
            (&[start, stop], None) if start > stop => {
                bail!(Usage(format!(
                    "{start} {stop}: the range is empty: START must not be larger than STOP"
                )))
            }
            (&[start, stop], None) => Ok(start..=stop),
            (&[stop], None) => Ok(0..=stop),
            _ => unreachable!("one or two bounds are required"),
        }
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct CountArgs {
    #[command(flatten)]
    pub(super) range: RangeArgs,
    /// Count groups of K primes, as close together as possible: 2 for twins, up to 6 for sextuplets
    #[arg(long, value_name = "K", default_value = "1")]
    #[arg(hide_default_value = true)]
    pub(super) tuplets: Constellation,
    /// Which model counts, by the sieve [default: threads]
    #[arg(long)]
    pub(super) model: Option<Choice<Kind>>,
    #[command(flatten)]
    pub(super) broker: Broker,
    /// How to count; models and groups are for the sieve
    #[arg(long, default_value = "auto")]
    pub(super) algorithm: Algorithm,
    #[command(flatten)]
    pub(super) run: RunArgs,
}

#[derive(clap::Args, Debug)]
pub(super) struct PrintArgs {
    #[command(flatten)]
    pub(super) range: RangeArgs,
    /// Print groups of K primes, as close together as possible, like (3, 5): 2 for twins, up to 6
    /// for sextuplets
    #[arg(long, value_name = "K", default_value = "1")]
    #[arg(hide_default_value = true)]
    pub(super) tuplets: Constellation,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[derive(clap::Args, Debug)]
pub(super) struct NthArgs {
    /// Which prime above START, counting from 1; negative: which one below it
    #[arg(value_name = "N", value_parser = index, allow_negative_numbers = true)]
    pub(super) n: Index,
    /// Where to count from; not counted itself
    #[arg(value_parser = numbers::number, allow_negative_numbers = true, default_value = "0")]
    #[arg(hide_default_value = true)]
    pub(super) start: u64,
    /// How many threads count [default: the CPUs this process may use]
    #[arg(short, long, value_name = "N", value_parser = RunArgs::count)]
    pub(super) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

#[cfg(feature = "cluster")]
#[derive(clap::Args, Debug)]
pub(super) struct ServeArgs {
    #[command(flatten)]
    pub(super) agent: cluster::cli::AgentArgs,
    /// How many worker processes count [default: the CPUs this process may use]
    #[arg(short, long, value_name = "N", value_parser = RunArgs::count)]
    pub(super) jobs: Option<NonZeroUsize>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

fn index(text: &str) -> Result<Index, String> {
    let (before, digits) = match text.trim().strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text),
    };
    // In `-5-3` the minus would apply to the 5 only.
    match numbers::number(digits).map_err(|error| error.to_string())? {
        0 => Err(format!(
            "{text}: primes are counted from 1 on, or from -1 downwards"
        )),
        n if before => Ok(Index::Before(n)),
        n => Ok(Index::After(n)),
    }
}

#[derive(clap::Args, Debug)]
pub(super) struct FactorArgs {
    #[command(flatten)]
    pub(super) numbers: NumbersArgs,
    /// Print a factor that divides several times once, with an exponent: 2^3
    #[arg(long)]
    pub(super) exponents: bool,
}

#[derive(clap::Args, Debug)]
pub(super) struct NumbersArgs {
    /// The numbers; without any they are read from standard input
    #[arg(value_name = "N", allow_negative_numbers = true)]
    pub(super) numbers: Vec<String>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}
