//! The command line's grammar.

use std::ops::RangeInclusive;

use anyhow::bail;
use clap::{Parser, Subcommand};
use common::cli::{Choice, RunArgs, Shell, Usage, numbers};
use primes::Constellation;

use super::algorithm::Algorithm;
use super::model::Kind;

/// Counts, lists and checks primes, by threads, processes, rayon and async, and shows what each
/// buys.
///
/// Without a subcommand: the workshop's experiment, the same check of ten numbers over and over in
/// every model, compared in a table.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
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
    /// Print the primes of a range, one a line
    Print(RangeArgs),
    /// Print the N-th prime
    Nth(NthArgs),
    /// Tell of each number whether it is prime
    Check(NumbersArgs),
    /// Print the prime factors of each number, up to 2^128-1
    Factor(FactorArgs),
    /// The experiment under a global interpreter lock, and in Python itself
    Gil(GilArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
}

#[derive(clap::Args, Debug)]
pub(super) struct ExperimentArgs {
    /// How often the ten numbers are checked [default: 10]
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub(super) rounds: Option<usize>,
    /// Which model to run [default: all]
    #[arg(long)]
    pub(super) model: Option<Choice<Kind>>,
}

impl ExperimentArgs {
    /// A flag of the experiment that was given, if any.
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
}

/// More rounds than this would hold gigabytes of answers.
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
    /// The range asked for.
    pub(super) fn range(&self) -> anyhow::Result<RangeInclusive<u64>> {
        match (&self.bounds[..], self.dist) {
            (&[start], Some(dist)) => match start.checked_add(dist) {
                Some(stop) => Ok(start..=stop),
                None => bail!(Usage(format!("{start} + {dist}: beyond 2^64-1"))),
            },
            (&[_, _], Some(_)) => bail!(Usage("--dist: takes the place of STOP".to_owned())),
            (&[start, stop], None) if start > stop => {
                bail!(Usage(format!(
                    "{start} {stop}: the range runs backwards: START comes first"
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
    /// Count groups of K primes as close as can be: 2 for twins, to 6 for sextuplets
    #[arg(long, value_name = "K", default_value = "1")]
    #[arg(hide_default_value = true)]
    pub(super) tuplets: Constellation,
    /// Which model counts, by the sieve [default: threads]
    #[arg(long)]
    pub(super) model: Option<Choice<Kind>>,
    /// How to count; models and groups are for the sieve
    #[arg(long, default_value = "auto")]
    pub(super) algorithm: Algorithm,
}

#[derive(clap::Args, Debug)]
pub(super) struct NthArgs {
    /// Which prime, counting from 1
    #[arg(value_parser = numbers::number, allow_negative_numbers = true)]
    pub(super) n: u64,
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
}
