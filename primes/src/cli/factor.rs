//! Prime factors, number by number.

use std::io::Write;

use common::cli::{Outcome, RunArgs};
use primes::factor::factors;
use serde_json::json;

use super::args::NumbersArgs;
use super::words;

/// Prints each number's prime factors, as `factor` of the GNU tools does.
pub(super) fn run(args: &NumbersArgs, run: &RunArgs) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    words::for_each(args, |n| {
        let factors = factors(n);
        if run.output.json {
            out.json(&json!({ "number": n, "factors": factors }))?;
        } else {
            write!(out, "{n}:")?;
            for p in factors {
                write!(out, " {p}")?;
            }
            writeln!(out)?;
        }
        // An answer a question: somebody may be typing.
        out.flush()
    })
}
