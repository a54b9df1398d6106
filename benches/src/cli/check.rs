//! The workshop's check, with the same input and output as its Python script. So both programs do the same
//! work: they start, read, make a pool, compute and print.

use std::collections::HashMap;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use anyhow::Context;
use common::cli::Outcome;
use primes::{Job, processes, threads};

use super::args::Model;

/// Checks the numbers of standard input by trial division.
pub(crate) fn run(model: Model, workers: NonZeroUsize) -> anyhow::Result<Outcome> {
    let numbers = std::io::stdin()
        .lines()
        .map(|line| {
            let line = line?;
            line.trim()
                .parse()
                .with_context(|| format!("{line}: not a number"))
        })
        .collect::<anyhow::Result<Vec<u64>>>()?;
    let answers = Mutex::new(HashMap::new());
    let done = |job, answer| {
        let mut answers = answers.lock().unwrap_or_else(PoisonError::into_inner);
        answers.insert(job, answer);
    };
    let jobs = numbers.iter().copied().map(Job::Check);
    match model {
        Model::Threads => threads::run(jobs, workers, done)?,
        Model::Processes => processes::run(jobs, workers, done)?,
    }
    let answers = answers.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut out = common::cli::stdout();
    for number in numbers {
        let answer = answers.get(&Job::Check(number));
        writeln!(out, "{}", answer.context("a job was forgotten")?)?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}
