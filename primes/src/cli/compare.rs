//! One job in several models, in one table.

use std::fmt::Debug;
use std::io::Write;

use common::cli::{Outcome, Progress, RunArgs};
use common::comparison::{Answer, Comparison, Report};

use super::model::Model;

/// Adds models that all do the same `job` to a comparison, the first as its baseline.
pub(super) fn add<'a, A: PartialEq + Debug>(
    comparison: Comparison<'a, A>,
    models: &'a [Model],
    run: &RunArgs,
    job: impl Fn(&Model) -> Answer<A> + Copy + 'a,
) -> Comparison<'a, A> {
    let mut models = models.iter();
    let Some(first) = models.next() else {
        return comparison;
    };
    let workers = |model: &Model| model.workers(run.jobs());
    let baseline = comparison.baseline(first.name(), workers(first), move || job(first));
    models.fold(baseline, |comparison, model| {
        comparison.model(model.name(), workers(model), move || job(model))
    })
}

/// Runs a comparison, and adds what the models have to remark.
pub(super) fn finish<A: PartialEq + Debug>(
    comparison: Comparison<'_, A>,
    models: &[Model],
    run: &RunArgs,
) -> Report<A> {
    let progress = Progress::new("", 0, run.quiet);
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

/// Prints a report for people, with its `point` below, or the JSON of it, which may be added to.
pub(super) fn show<A: PartialEq + Debug>(
    report: &Report<A>,
    point: &str,
    run: &RunArgs,
    add: impl FnOnce(&mut serde_json::Value),
) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    if run.json {
        let mut json = report.json();
        add(&mut json);
        out.json(&json)?;
    } else {
        writeln!(out, "{}", report.text().trim_end())?;
        if !point.is_empty() && !run.quiet {
            writeln!(out, "\n{point}")?;
        }
    }
    out.flush()?;
    let good = report.agreed() && !report.failed();
    Ok(if good {
        Outcome::Done
    } else {
        Outcome::SomeFailed
    })
}
