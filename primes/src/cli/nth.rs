//! The n-th prime.

use std::io::Write;

use anyhow::{anyhow, bail};
use common::cli::{Interrupt, Outcome, RunArgs, Usage};
use primes::nth;
use serde_json::json;

use super::algorithm;
use super::args::NthArgs;

/// Prints the n-th prime.
pub(super) fn run(args: &NthArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let counter = |range| algorithm::primes_of(range, run, interrupt);
    let found = nth::nth_prime(args.n, counter).map_err(|error| anyhow!(error))?;
    let Some(prime) = found else {
        let last = nth::PRIMES_BELOW_2_POW_64;
        bail!(Usage(format!(
            "{}: there are primes 1 to {last} below 2^64",
            args.n
        )));
    };
    let mut out = common::cli::stdout();
    if run.output.json {
        out.json(&json!({ "n": args.n, "prime": prime }))?;
    } else {
        writeln!(out, "{prime}")?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}
