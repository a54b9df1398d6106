//! `factor`: prints the prime factors of each number.

use std::io::{self, Write};

use common::cli::{Outcome, RunArgs, numbers};
use primes::factor_wide::factors;
use serde::Serialize;

use super::args::FactorArgs;
use super::words;

/// One line of JSON output.
#[derive(Serialize)]
struct Line {
    factors: Vec<u128>,
    number: u128,
}

/// Prints the prime factors of each number, in the format of GNU `factor`.
pub(super) fn run(args: &FactorArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    words::for_each(&args.numbers, numbers::wide_number, |out, number| {
        let factors = factors(number);
        if run.output.json {
            return out.json(&Line { factors, number });
        }
        write!(out, "{number}:")?;
        match args.exponents {
            true => with_exponents(out, &factors)?,
            false => factors.iter().try_for_each(|p| write!(out, " {p}"))?,
        }
        writeln!(out)
    })
}

fn with_exponents(out: &mut impl Write, factors: &[u128]) -> io::Result<()> {
    factors
        .chunk_by(|a, b| a == b)
        .try_for_each(|same| match same.len() {
            1 => write!(out, " {}", same[0]),
            times => write!(out, " {}^{times}", same[0]),
        })
}
