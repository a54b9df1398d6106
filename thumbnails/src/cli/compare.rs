//! The same pictures in several models, in one table.

use std::sync::{Mutex, PoisonError};

use common::cli::{Interrupt, Outcome, compare};
use common::comparison::{Answer, Comparison};

use super::args::Args;
use super::destination::Destination;
use super::model::Model;
use super::pass;
use super::report::{Counts, Report};

/// A thumbnail's name, and what tells it from others.
pub(super) type Checksums = Vec<(String, u64)>;

/// Compares models at what the command line asks for.
pub(super) fn pass(
    args: &Args,
    models: &[Model],
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let paths = args.paths.iter().map(|path| path.display().to_string());
    let comparison = Comparison::new("thumbnails").input(paths.collect::<Vec<_>>().join(", "));
    let comparison = compare::once_or_more(comparison, args.run.runs);
    let (outcome, counts) = run(comparison, args, models, interrupt)?;
    if counts.failed > 0 && !args.run.output.quiet {
        common::remark!(
            "{} pictures failed: with a single --model it is said why",
            counts.failed
        );
    }
    Ok(match outcome {
        Outcome::Done => pass::outcome(counts),
        outcome => outcome,
    })
}

/// Makes all thumbnails with each model, and prints the table with what it shows below. A model's
/// answer is what the thumbnails look like. Returns what the last pass came to, too.
pub(super) fn run<'a>(
    comparison: Comparison<'a, Checksums>,
    args: &'a Args,
    models: &'a [Model],
    interrupt: &'a Interrupt,
) -> anyhow::Result<(Outcome, Counts)> {
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
    let names: Vec<&str> = models.iter().skip(1).map(compare::Model::name).collect();
    let point = report.scaling(&names).unwrap_or_default();
    let outcome = compare::show(&report, &point, &args.run, |_| {})?;
    let counts = *counts.lock().unwrap_or_else(PoisonError::into_inner);
    Ok((outcome, counts))
}

/// One model's pass: every thumbnail anew, and no word of any.
fn once(args: &Args, model: &Model, interrupt: &Interrupt) -> Answer<(Checksums, Counts)> {
    if interrupt.raised() {
        return Err("interrupted".into());
    }
    let mut destination = Destination::new(args)?;
    let mut report = Report::new(&args.run, false);
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
            .map(|entry| (entry.output.clone(), entry.made.checksum))
            .collect(),
        Destination::Cache(..) => Vec::new(),
    }
}
