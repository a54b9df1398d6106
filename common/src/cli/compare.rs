//! One job in several models, in one table.

use std::fmt::Debug;
use std::io::Write;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::comparison::{Answer, Comparison, Report};
use crate::text::wrapped;

use super::{Outcome, Progress, RunArgs, stdout};

/// A model of concurrency, as a command line knows it.
pub trait Model {
    /// What `--model` and the table call it.
    fn name(&self) -> &str;

    /// How many jobs it works on at once when `jobs` are asked for: the same for every model, unless
    /// it can't use them.
    fn workers(&self, jobs: NonZeroUsize) -> usize;

    /// What the table should say besides the time, asked when all runs are done.
    fn remark(&self) -> Option<String> {
        None
    }
}

/// How long a comparison repeats by itself. The last round may take as long again as it should on a
/// machine that is busy: ten seconds are the bound that people are promised.
const REPEATING: Duration = Duration::from_secs(7);

/// The runs of a demonstration: as many as were asked for, else three of each or more inside of ten
/// seconds. The job must be small enough for three.
pub fn demonstrate<'a, A: PartialEq + Debug>(
    comparison: Comparison<'a, A>,
    runs: Option<NonZeroUsize>,
) -> Comparison<'a, A> {
    repeat(comparison, runs, THREE)
}

/// The runs of a comparison whose job is the user's, and may take hours: as many as were asked for,
/// else one of each, and more inside of ten seconds.
pub fn once_or_more<'a, A: PartialEq + Debug>(
    comparison: Comparison<'a, A>,
    runs: Option<NonZeroUsize>,
) -> Comparison<'a, A> {
    repeat(comparison, runs, NonZeroUsize::MIN)
}

const THREE: NonZeroUsize = NonZeroUsize::new(3).expect("three is not zero");

fn repeat<'a, A: PartialEq + Debug>(
    comparison: Comparison<'a, A>,
    runs: Option<NonZeroUsize>,
    least: NonZeroUsize,
) -> Comparison<'a, A> {
    match runs {
        Some(runs) => comparison.runs(runs),
        None => comparison.runs_within(least, REPEATING),
    }
}

/// Adds models that all do the same `job` to a comparison, the first as its baseline.
pub fn add<'a, M: Model, A: PartialEq + Debug>(
    comparison: Comparison<'a, A>,
    models: &'a [M],
    run: &RunArgs,
    job: impl Fn(&M) -> Answer<A> + Copy + 'a,
) -> Comparison<'a, A> {
    let mut models = models.iter();
    let Some(first) = models.next() else {
        return comparison;
    };
    let workers = |model: &M| model.workers(run.jobs());
    let baseline = comparison.baseline(first.name(), workers(first), move || job(first));
    models.fold(baseline, |comparison, model| {
        comparison.model(model.name(), workers(model), move || job(model))
    })
}

/// Runs a comparison, and adds what the models have to remark.
pub fn finish<M: Model, A: PartialEq + Debug>(
    comparison: Comparison<'_, A>,
    models: &[M],
    run: &RunArgs,
) -> Report<A> {
    let progress = Progress::new("", 0, run.output.quiet);
    let tell = |model: &str, time: usize| progress.say(&format!("{model}, run {time}"));
    let mut report = comparison.run(&mut { tell });
    progress.finish();
    for model in models {
        if let Some(remark) = model.remark() {
            report.note(model.name(), remark);
        }
    }
    report
}

/// Prints a report for people, with its `point` below, which follows from its figures, or the JSON of it, which may be added to.
///
/// # Errors
///
/// What standard output says; a closed pipe ends [`main`](super::main) quietly.
pub fn show<A: PartialEq + Debug>(
    report: &Report<A>,
    point: &str,
    run: &RunArgs,
    add: impl FnOnce(&mut serde_json::Value),
) -> anyhow::Result<Outcome> {
    let mut out = stdout();
    if run.output.json {
        let mut json = report.json();
        add(&mut json);
        out.json(&json)?;
    } else {
        out.write_all(text(report, point, run).as_bytes())?;
    }
    out.flush()?;
    Ok(outcome(report))
}

/// What [`show`] prints for people.
pub fn text<A: PartialEq + Debug>(report: &Report<A>, point: &str, run: &RunArgs) -> String {
    let table = report.text();
    match point.is_empty() || run.output.quiet {
        true => format!("{}\n", table.trim_end()),
        false => format!("{}\n\n{}\n", table.trim_end(), wrapped(point, 80)),
    }
}

/// How a program ends that has compared models: well, if all gave the same answer.
pub fn outcome<A: PartialEq + Debug>(report: &Report<A>) -> Outcome {
    match report.agreed() && !report.failed() {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    }
}
