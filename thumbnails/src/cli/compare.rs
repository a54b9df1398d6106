//! Compares several models on the same pictures, in one table.

use std::sync::{Mutex, PoisonError};

use common::cli::{Interrupt, Outcome, compare};
use common::comparison::{Answer, Comparison, Report};

use super::args::Args;
use super::destination::Destination;
use super::model::Model;
use super::pass;
use super::report::{self, Counts};

/// Each thumbnail's name, and its checksum.
pub(super) type Checksums = Vec<(String, u64)>;

/// Compares models on the pictures of the command line.
pub(super) fn pass(
    args: &Args,
    models: &[Model],
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let paths = args.paths.iter().map(|path| path.display().to_string());
    let comparison = Comparison::new("thumbnails").input(paths.collect::<Vec<_>>().join(", "));
    let comparison = compare::once_or_more(comparison, args.run.runs);
    let (report, counts) = measure(comparison, args, models, interrupt);
    let outcome = compare::show(&report, &scaling(&report, models), &args.run, |_| {})?;
    if counts.failed > 0 && !args.run.output.quiet {
        common::remark!(
            "{} pictures failed: run a single --model to see the reasons",
            counts.failed
        );
    }
    Ok(match outcome {
        Outcome::Done => pass::outcome(counts),
        outcome => outcome,
    })
}

/// Makes all thumbnails with each model. The answer of a model is the checksums of its thumbnails.
/// Also returns the counts of the last pass.
pub(super) fn measure<'a>(
    comparison: Comparison<'a, Checksums>,
    args: &'a Args,
    models: &'a [Model],
    interrupt: &'a Interrupt,
) -> (Report<Checksums>, Counts) {
    let counts = Mutex::new(Counts::default());
    let comparison = comparison.agreement("the same thumbnails");
    let job = |model: &Model| {
        let (checksums, made) = once(args, model, interrupt)?;
        *counts.lock().unwrap_or_else(PoisonError::into_inner) = made;
        Ok(checksums)
    };
    let report = compare::finish(
        compare::add(comparison, models, &args.run, job),
        models,
        &args.run,
    );
    let counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
    (report, counts)
}

/// A sentence about how the models scale, from the measurements.
pub(super) fn scaling(report: &Report<Checksums>, models: &[Model]) -> String {
    let names: Vec<&str> = models.iter().skip(1).map(compare::Model::name).collect();
    report.scaling(&names).unwrap_or_default()
}

/// One pass of one model: makes every thumbnail again, without messages.
fn once(args: &Args, model: &Model, interrupt: &Interrupt) -> Answer<(Checksums, Counts)> {
    if interrupt.raised() {
        return Err("interrupted".into());
    }
    let mut destination = Destination::new(args)?;
    let mut report = report::Report::new(&args.run, false);
    pass::once(
        args,
        model,
        &mut destination,
        &mut report,
        true,
        |_| true,
        interrupt,
    )?;
    pass::sweep(args, &mut destination, &mut report, interrupt)?;
    if interrupt.raised() {
        return Err("interrupted".into());
    }
    Ok((checksums(&destination), report.counts))
}

fn checksums(destination: &Destination) -> Checksums {
    match destination {
        Destination::Folder(folder) => folder
            .manifest
            .entries()
            .map(|(entry, made)| (entry.output.clone(), made.checksum))
            .collect(),
        Destination::Cache(..) => Vec::new(),
    }
}
