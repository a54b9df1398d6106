//! `check`: says of each number whether it is prime.

use std::io::Write;

use common::cli::{Outcome, RunArgs, numbers};
use primes::miller_rabin::is_prime;
use serde_json::json;

use super::args::NumbersArgs;
use super::words;

/// Says of each number whether it is prime.
pub(super) fn run(args: &NumbersArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    words::for_each(args, numbers::number, |out, n| match is_prime(n) {
        prime if run.output.json => out.json(&json!({ "number": n, "prime": prime })),
        true => writeln!(out, "{n} is prime"),
        false => writeln!(out, "{n} is not prime"),
    })
}
