//! The command line's grammar.

use std::ops::RangeInclusive;

use anyhow::bail;
use clap::{Parser, Subcommand};
use common::cli::{RunArgs, Shell, Usage, numbers};
use primes::Constellation;

use super::model::Choice;

/// Counts, lists and checks primes, by threads, processes, rayon and async, and shows what each
/// buys.
///
/// Without a subcommand: the workshop's experiment, the same check of ten numbers over and over in
/// every model, compared in a table.
#[derive(Parser, Debug)]
#[command(version, args_conflicts_with_subcommands = true, max_term_width = 100)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    #[command(flatten)]
    pub(crate) experiment: ExperimentArgs,
    #[command(flatten)]
    pub(crate) run: RunArgs,
}

#[derive(Subcommand, Debug)]
pub(crate) enum Command {
    /// Count the primes of a range, up to 2^64-1: the fastest sieve here
    Count(CountArgs),
    /// Print the primes of a range, one a line
    Print(RangeArgs),
    /// Print the N-th prime
    Nth(NthArgs),
    /// Tell of each number whether it is prime
    Check(NumbersArgs),
    /// Print the prime factors of each number
    Factor(NumbersArgs),
    /// The experiment under a global interpreter lock, and in Python itself
    Gil(GilArgs),
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Read jobs from standard input: what the processes model starts
    #[command(name = primes::processes::WORKER, hide = true)]
    WorkerProcess,
}

#[derive(clap::Args, Debug)]
pub(crate) struct ExperimentArgs {
    /// How often the ten numbers are checked
    #[arg(long, value_name = "N", value_parser = rounds, default_value = "20")]
    pub(crate) rounds: usize,
    /// Which model to run
    #[arg(long, value_enum, default_value = "all")]
    pub(crate) model: Choice,
}

#[derive(clap::Args, Debug)]
pub(crate) struct GilArgs {
    /// How often the ten numbers are checked [default: 20, with --python 1]
    #[arg(long, value_name = "N", value_parser = rounds)]
    pub(crate) rounds: Option<usize>,
    /// Also run the check in CPython, with threads and with processes
    #[arg(long)]
    pub(crate) python: bool,
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
pub(crate) struct RangeArgs {
    /// The range, both ends included; a single number is its end: `1e9`, `10_000`, `2^64-1`
    #[arg(required = true, num_args = 1..=2, value_names = ["START", "STOP"],
          value_parser = numbers::number, allow_negative_numbers = true)]
    bounds: Vec<u64>,
    /// The range START to START + DIST
    #[arg(long, value_name = "DIST", value_parser = numbers::number, allow_negative_numbers = true)]
    dist: Option<u64>,
}

impl RangeArgs {
    /// The range asked for.
    pub(crate) fn range(&self) -> anyhow::Result<RangeInclusive<u64>> {
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
pub(crate) struct CountArgs {
    #[command(flatten)]
    pub(crate) range: RangeArgs,
    /// Count groups of K primes as close as can be: 2 for twins, to 6 for sextuplets
    #[arg(long, value_name = "K", value_parser = constellation, default_value = "1")]
    #[arg(hide_default_value = true)]
    pub(crate) tuplets: Constellation,
    /// Which model counts
    #[arg(long, value_enum, default_value = "threads")]
    pub(crate) model: Choice,
}

fn constellation(text: &str) -> Result<Constellation, String> {
    text.parse()
        .ok()
        .and_then(Constellation::of)
        .ok_or_else(|| format!("{text}: from 1 to 6"))
}

#[derive(clap::Args, Debug)]
pub(crate) struct NthArgs {
    /// Which prime, counting from 1
    #[arg(value_parser = numbers::number, allow_negative_numbers = true)]
    pub(crate) n: u64,
    /// Which model counts
    #[arg(long, value_enum, default_value = "threads")]
    pub(crate) model: Choice,
}

#[derive(clap::Args, Debug)]
pub(crate) struct NumbersArgs {
    /// The numbers; without any they are read from standard input
    #[arg(value_name = "N", value_parser = numbers::number, allow_negative_numbers = true)]
    pub(crate) numbers: Vec<u64>,
}
