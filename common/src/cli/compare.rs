//! Compares one job in several models, in one table.

use std::fmt::Debug;
use std::io::Write;
use std::num::NonZeroUsize;
use std::time::Duration;

use crate::comparison::{Answer, Comparison, Report};
use crate::text::wrapped;

use super::{Outcome, Progress, RunArgs, stdout};

/// A model of concurrency, with its name for the command line.
pub trait Model {
    /// The name in `--model` and in the table.
    fn name(&self) -> &str;

    /// How many jobs the model works on at once, if the user asks for `jobs`. It is `jobs` for
    /// every model that can use them.
    fn workers(&self, jobs: NonZeroUsize) -> usize;

    /// A remark for the table, asked for when all runs are done.
    fn remark(&self) -> Option<String> {
        None
    }
}

/// How long a comparison repeats its runs. On a busy machine the last round may take longer than
/// expected; the limit for the whole is ten seconds.
const REPEATING: Duration = Duration::from_secs(7);

/// Sets the runs of a demonstration: the number that the user asked for. Without one: at least
/// three of each model, and more within ten seconds. The job must be small enough for three.
pub fn demonstrate<'a, A: PartialEq + Debug>(
    comparison: Comparison<'a, A>,
    runs: Option<NonZeroUsize>,
) -> Comparison<'a, A> {
    repeat(comparison, runs, THREE)
}

/// Sets the runs of a comparison with a job of the user, which may take hours: the number that the
/// user asked for. Without one: at least one of each model, and more within ten seconds.
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

/// Adds models that all do the same `job` to a comparison. The first is the baseline.
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

/// Runs a comparison, and adds the models' remarks.
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

/// Prints a report. For people: the table, and below it `point`, a conclusion from the figures.
/// With `--json`: one document, which may be extended.
///
/// # Errors
///
/// If standard output can't be written. A closed pipe ends [`main`](super::main) without a message.
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

/// The text that [`show`] prints for people.
pub fn text<A: PartialEq + Debug>(report: &Report<A>, point: &str, run: &RunArgs) -> String {
    let table = report.text();
    match point.is_empty() || run.output.quiet {
        true => format!("{}\n", table.trim_end()),
        false => format!("{}\n\n{}\n", table.trim_end(), wrapped(point, 80)),
    }
}

/// The outcome of a program that compared models: [`Outcome::Done`] if all gave the same answer.
pub fn outcome<A: PartialEq + Debug>(report: &Report<A>) -> Outcome {
    match report.agreed() && !report.failed() {
        true => Outcome::Done,
        false => Outcome::SomeFailed,
    }
}
