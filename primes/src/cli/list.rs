//! Printing the primes of a range.

use std::io::Write;

use common::cli::{Outcome, RunArgs};
use primes::interval;

use super::args::RangeArgs;

/// Prints them one a line, which is JSON lines too.
pub(crate) fn run(args: &RangeArgs, _run: &RunArgs) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    for prime in interval::primes(args.range()?) {
        writeln!(out, "{prime}")?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}
