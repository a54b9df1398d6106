//! Printing the primes of a range.

use std::io::Write;

use common::cli::{Interrupt, Outcome};
use primes::interval;

use super::args::RangeArgs;

/// Prints them one a line, which is JSON lines too.
pub(super) fn run(args: &RangeArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    for prime in interval::primes(args.range()?) {
        // Whole lines only: Ctrl-C comes between two of them.
        if interrupt.raised() {
            break;
        }
        writeln!(out, "{prime}")?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}
