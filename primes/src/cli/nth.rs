//! `nth`, `next`, `previous`: the n-th prime, and the primes next to a number.

use std::io::Write;

use anyhow::{anyhow, bail};
use common::cli::{Interrupt, Outcome, RunArgs, Usage, numbers};
use primes::nth::{self, Index};
use serde_json::json;

use super::algorithm;
use super::args::{NthArgs, NumbersArgs};
use super::words;

/// Prints the n-th prime after or before a number.
pub(super) fn run(args: &NthArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let counter = |range| algorithm::primes_of(range, run, interrupt);
    let found = nth::nth_prime_from(args.n, args.start, counter).map_err(|error| anyhow!(error))?;
    let n = match args.n {
        Index::After(n) => i128::from(n),
        Index::Before(n) => -i128::from(n),
    };
    let Some(prime) = found else {
        let start = args.start;
        bail!(Usage(match args.n {
            Index::After(_) if start == 0 => format!(
                "{n}: there are primes 1 to {} below 2^64",
                nth::PRIMES_BELOW_2_POW_64
            ),
            Index::After(_) => format!("{n}: there are fewer primes from {start} to 2^64"),
            Index::Before(_) => format!("{n}: there are fewer primes below {start}"),
        }));
    };
    let mut out = common::cli::stdout();
    if run.output.json {
        // Neither number is above 2^63: there are fewer primes.
        out.json(&json!({ "n": n as i64, "start": args.start, "prime": prime }))?;
    } else {
        writeln!(out, "{prime}")?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

/// The direction from a number to the next prime.
#[derive(Clone, Copy)]
pub(super) enum Direction {
    /// Above it.
    Next,
    /// Below it.
    Previous,
}

/// Prints the prime next to each number, above or below it.
pub(super) fn neighbours(
    args: &NumbersArgs,
    direction: Direction,
    run: &RunArgs,
) -> anyhow::Result<Outcome> {
    let parse = |word: &str| {
        let n = numbers::number(word).map_err(|error| error.to_string())?;
        let (prime, none) = match direction {
            Direction::Next => (nth::next_prime(n), "the next prime is beyond 2^64-1"),
            Direction::Previous => (nth::previous_prime(n), "there is no prime below it"),
        };
        prime
            .map(|prime| (n, prime))
            .ok_or_else(|| format!("{n}: {none}"))
    };
    words::for_each(args, parse, |out, (n, prime)| match run.output.json {
        true => out.json(&json!({ "number": n, "prime": prime })),
        false => writeln!(out, "{prime}"),
    })
}
