//! Counting, and the n-th prime, which is counting backwards.

use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use std::io::Write;

use anyhow::{anyhow, bail};
use common::cli::{Interrupt, Outcome, Progress, RunArgs, Usage};
use common::comparison::{Answer, Comparison};
use common::timing::{self, human_duration};
use primes::{Constellation, Job, job, nth};
use serde_json::json;

use super::args::{CountArgs, NthArgs};
use super::experiment::show;
use super::model::{Choice, Model};

/// Counts once, or compares models.
pub(crate) fn run(
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let range = args.range.range()?;
    if args.model == Choice::All || run.runs() > NonZeroUsize::MIN {
        return compare(args, range, run, interrupt);
    }
    let model = Model::new(args.model);
    let (count, time) =
        timing::measure(|| count(&model, range.clone(), args.tuplets, run, interrupt));
    let count = count.map_err(|error| anyhow!(error))?;
    let (start, stop) = range.into_inner();
    let mut out = common::cli::stdout();
    if run.json {
        out.json(&json!({
            "start": start,
            "stop": stop,
            "tuplets": args.tuplets.size(),
            "count": count,
            "model": model.name(),
            "workers": model.workers(run.jobs()),
            "seconds": time.wall.as_secs_f64(),
            "cpu_seconds": time.cpu.total().as_secs_f64(),
        }))?;
    } else {
        writeln!(out, "{count}")?;
    }
    out.flush()?;
    if !run.quiet {
        eprintln!(
            "{} from {start} to {stop}: {} ({}, -j {}, {:.2} cores busy)",
            args.tuplets.name(),
            human_duration(time.wall),
            model.name(),
            model.workers(run.jobs()),
            time.cores_busy(),
        );
    }
    Ok(Outcome::Done)
}

/// Prints the n-th prime.
pub(crate) fn nth(args: &NthArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let model = Model::new(args.model);
    let counter = |range| count(&model, range, Constellation::Single, run, interrupt);
    let found = nth::nth_prime(args.n, counter).map_err(|error| anyhow!(error))?;
    let Some(prime) = found else {
        bail!(Usage(format!(
            "{}: there are primes 1 to {} below 2^64",
            args.n,
            nth::PRIMES_BELOW_2_POW_64
        )));
    };
    let mut out = common::cli::stdout();
    if run.json {
        out.json(&json!({ "n": args.n, "prime": prime }))?;
    } else {
        writeln!(out, "{prime}")?;
    }
    out.flush()?;
    Ok(Outcome::Done)
}

fn compare(
    args: &CountArgs,
    range: RangeInclusive<u64>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let models = args.model.models();
    let mut comparison = Comparison::new(format!("count {}", args.tuplets.name()))
        .input(format!(
            "the numbers from {} to {}",
            range.start(),
            range.end()
        ))
        .agreement("the same count")
        .runs(run.runs());
    for (index, model) in models.iter().enumerate() {
        let range = range.clone();
        let job = move || count(model, range.clone(), args.tuplets, run, interrupt);
        let workers = model.workers(run.jobs());
        comparison = match index {
            0 => comparison.baseline(model.name(), workers, job),
            _ => comparison.model(model.name(), workers, job),
        };
    }
    let mut report = comparison.run(&mut |_, _| ());
    for model in &models {
        if let Some(remark) = model.remark() {
            report.note(model.name(), remark);
        }
    }
    if !run.quiet
        && let Some(count) = report.answer()
    {
        eprintln!("{count} {}", args.tuplets.name());
    }
    show(&report, None, run)
}

fn count(
    model: &Model,
    range: RangeInclusive<u64>,
    what: Constellation,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> Answer<u64> {
    let workers = run.jobs();
    let numbers = (range.end() - range.start()).saturating_add(1);
    let progress = Progress::new("counting", numbers, run.quiet);
    let jobs = job::pieces(range, what, workers.get()).take_while(|_| !interrupt.raised());
    let total = AtomicU64::new(0);
    model.run(jobs, workers, |job, answer| {
        total.fetch_add(answer, Ordering::Relaxed);
        if let Job::Count { start, stop, .. } = job {
            progress.inc(stop - start + 1);
        }
    })?;
    progress.finish();
    if interrupt.raised() {
        let done = progress.position();
        return Err(format!("interrupted after {done} of {numbers} numbers").into());
    }
    Ok(total.into_inner())
}
