//! `print`: prints the primes of a range.

use std::io::Write;

use common::cli::{Interrupt, Outcome, RunArgs};
use primes::{Constellation, interval};
use serde_json::json;

use super::args::PrintArgs;

/// Prints one prime per line, which is also valid JSON lines. Groups are printed in the format of
/// primesieve, or as JSON lists.
pub(super) fn run(
    args: &PrintArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    let asked = interrupt.clone();
    let primes = interval::primes_while(args.range.range()?, move || !asked.raised());
    let mut printed = 0_u64;
    // Print whole lines only: Ctrl-C takes effect between two lines.
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
