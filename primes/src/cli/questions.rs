//! Questions about single numbers, from the command line or from standard input.

use std::io::{self, BufRead, Write};

use common::cli::{Outcome, RunArgs, numbers};
use primes::{factor, miller_rabin};
use serde_json::json;

use super::args::NumbersArgs;

/// Tells of each number whether it is prime.
pub(crate) fn check(args: &NumbersArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    for_each(args, |n| {
        let prime = miller_rabin::is_prime(n);
        match run.json {
            true => out.json(&json!({ "number": n, "prime": prime }))?,
            false if prime => writeln!(out, "{n} is prime")?,
            false => writeln!(out, "{n} is not prime")?,
        }
        out.flush()
    })
}

/// Prints each number's prime factors, as `factor` of the GNU tools does.
pub(crate) fn factor(args: &NumbersArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    for_each(args, |n| {
        let factors = factor::factors(n);
        if run.json {
            out.json(&json!({ "number": n, "factors": factors }))?;
        } else {
            write!(out, "{n}:")?;
            for p in factors {
                write!(out, " {p}")?;
            }
            writeln!(out)?;
        }
        out.flush()
    })
}

/// Asks of each number. What is no number is reported, and the rest still answered.
fn for_each(
    args: &NumbersArgs,
    mut ask: impl FnMut(u64) -> io::Result<()>,
) -> anyhow::Result<Outcome> {
    let mut outcome = Outcome::Done;
    if !args.numbers.is_empty() {
        args.numbers.iter().try_for_each(|&n| ask(n))?;
        return Ok(outcome);
    }
    for (line, text) in (1..).zip(io::stdin().lock().lines()) {
        for word in text?.split_ascii_whitespace() {
            match numbers::number(word) {
                Ok(n) => ask(n)?,
                Err(error) => {
                    eprintln!("error: line {line}: {error}");
                    outcome = Outcome::SomeFailed;
                }
            }
        }
    }
    Ok(outcome)
}
