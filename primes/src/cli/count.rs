//! Counting the primes of a range.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::anyhow;
use common::cli::compare::{self, Model as _};
use common::cli::{Interrupt, Outcome, Progress, RunArgs};
use common::comparison::{Answer, Comparison};
use common::timing::{self, human_duration};
use primes::{Constellation, Job, job};
use serde_json::json;

use super::args::CountArgs;
use super::model::{self, Model};

/// Counts once, or compares models.
pub(super) fn run(
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let models = model::models(args.model);
    match &models[..] {
        [model] if run.runs() == NonZeroUsize::MIN => once(model, args, run, interrupt),
        models => compare(models, args, run, interrupt),
    }
}

fn once(
    model: &Model,
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let range = args.range.range()?;
    let workers = model.workers(run.jobs());
    let (count, time) =
        timing::measure(|| count(model, range.clone(), args.tuplets, run, interrupt));
    let count = count.map_err(|error| anyhow!(error))?;
    let (start, stop) = range.into_inner();
    let mut out = common::cli::stdout();
    if run.output.json {
        out.json(&json!({
            "start": start,
            "stop": stop,
            "tuplets": args.tuplets.size(),
            "count": count,
            "model": model.name(),
            "workers": workers,
            "wall_seconds": time.wall.as_secs_f64(),
            "cpu_seconds": time.cpu.total().as_secs_f64(),
        }))?;
    } else {
        writeln!(out, "{count}")?;
    }
    out.flush()?;
    if !run.output.quiet {
        common::remark!(
            "{} from {start} to {stop}: {} ({}, -j {workers}, {:.2} cores busy)",
            args.tuplets.name(),
            human_duration(time.wall),
            model.name(),
            time.cores_busy(),
        );
    }
    Ok(Outcome::Done)
}

fn compare(
    models: &[Model],
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let range = args.range.range()?;
    let comparison = Comparison::new(format!("how many {}?", args.tuplets.name()))
        .input(format!(
            "the numbers from {} to {}",
            range.start(),
            range.end()
        ))
        .agreement("the same count");
    let comparison = compare::once_or_more(comparison, run.runs);
    let comparison = compare::add(comparison, models, run, |model| {
        count(model, range.clone(), args.tuplets, run, interrupt)
    });
    let report = compare::finish(comparison, models, run);
    let count = report.answer().copied();
    let outcome = compare::show(&report, "", run, |json| json["count"] = count.into())?;
    if let Some(count) = count.filter(|_| !run.output.json) {
        let mut out = common::cli::stdout();
        writeln!(out, "count: {count}")?;
        out.flush()?;
    }
    Ok(outcome)
}

/// Counts in a model, with a progress bar.
pub(super) fn count(
    model: &Model,
    range: RangeInclusive<u64>,
    what: Constellation,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> Answer<u64> {
    let workers = run.jobs();
    let numbers = (range.end() - range.start()).saturating_add(1);
    let progress = Progress::new("counting", numbers, run.output.quiet);
    let jobs = job::pieces(range, what, workers).take_while(|_| !interrupt.raised());
    let total = AtomicU64::new(0);
    model.run(jobs, workers, |job, answer| {
        total.fetch_add(answer, Ordering::Relaxed);
        if let Job::Count { start, stop, .. } = job {
            progress.inc((stop - start).saturating_add(1));
        }
    })?;
    progress.finish();
    if interrupt.raised() {
        let done = progress.position();
        return Err(format!("interrupted after {done} of {numbers} numbers").into());
    }
    Ok(total.into_inner())
}
