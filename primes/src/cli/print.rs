//! Printing the primes of a range.

use std::io::Write;

use common::cli::{Interrupt, Outcome, RunArgs};
use primes::{Constellation, interval};
use serde_json::json;

use super::args::PrintArgs;

/// Prints them one a line, which is JSON lines too; groups of them as primesieve does, or as lists.
pub(super) fn run(
    args: &PrintArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    let asked = interrupt.clone();
    let primes = interval::primes_while(args.range.range()?, move || !asked.raised());
    let mut printed = 0_u64;
    // Whole lines only: Ctrl-C comes between two of them.
    if args.tuplets == Constellation::Single {
        for prime in primes {
            if interrupt.raised() {
                break;
            }
            writeln!(out, "{prime}")?;
            printed += 1;
        }
    } else {
        interval::constellations(primes, args.tuplets, |group| {
            if interrupt.raised() {
                return Ok(false);
            }
            if run.output.json {
                out.json(&json!(group))?;
            } else {
                write!(out, "({}", group[0])?;
                group[1..].iter().try_for_each(|p| write!(out, ", {p}"))?;
                writeln!(out, ")")?;
            }
            printed += 1;
            Ok::<_, std::io::Error>(true)
        })?;
    }
    out.flush()?;
    if interrupt.raised() && !run.output.quiet {
        common::remark!("interrupted after {printed} lines");
    }
    Ok(Outcome::Done)
}
