//! The arguments of the command line.

use clap::Parser;
use common::cli::{OutputArgs, numbers};
use std::num::NonZeroUsize;
use std::path::PathBuf;

/// What concurrency is: painters and rooms, drawn from real runs on your machine.
///
/// Two rooms are painted in four ways: one after the other, in turns, by two painters, and by two
/// painters with one ladder. First with work that computes, then with work that waits.
#[derive(Parser, Debug)]
#[command(version, max_term_width = 100)]
pub(crate) struct Args {
    /// How many times to paint in each way, at most 100 [default: 3 or more, within ten seconds]
    #[arg(long, value_name = "N", value_parser = runs)]
    pub(super) runs: Option<NonZeroUsize>,
    /// Also draw the lanes as an SVG picture; - is standard output: then nothing else is printed
    #[arg(long, value_name = "FILE")]
    pub(super) svg: Option<PathBuf>,
    #[command(flatten)]
    pub(super) output: OutputArgs,
}

fn runs(text: &str) -> Result<NonZeroUsize, String> {
    match NonZeroUsize::new(numbers::positive(text)?) {
        Some(runs) if runs.get() <= 100 => Ok(runs),
        _ => Err(format!("{text}: at most 100")),
    }
}
