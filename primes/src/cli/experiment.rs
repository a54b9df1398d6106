//! The workshop's experiment: the same ten numbers, over and over, in every model.

use std::error::Error;
use std::io::Write;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use common::cli::{Interrupt, Outcome, Progress, RunArgs};
use common::comparison::{Answer, Comparison, Report};
use primes::Job;

use super::args::{ExperimentArgs, GilArgs};
use super::model::{Choice, Model};
use super::python::{self, Python};

/// The workshop's numbers: three that take a hundredth of a second to divide, seven that take next
/// to nothing, so that equal shares of the list are not equal shares of the work.
const NUMBERS: [u64; 10] = [
    1_297_337,
    1_116_281,
    104_395_303,
    472_882_027,
    533_000_389,
    817_504_243,
    982_451_653,
    112_272_535_095_293,
    115_280_095_190_773,
    1_099_726_899_285_419,
];

/// A number of the experiment and whether it is prime.
type Checked = (u64, bool);

/// What to see in the table of all models.
const POINT: &str = "\
Work that computes wants as many cores as there are. Threads, processes, rayon, and async tasks
that leave the computing to threads, all get there; under one global lock two threads are one core.
Processes are Python's way around its lock: in Rust they buy isolation, not speed.";

/// The experiment in the chosen models.
pub(crate) fn run(
    args: &ExperimentArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let point = (args.model == Choice::All).then_some(POINT);
    compare(
        args.model.models(),
        None,
        args.rounds,
        point,
        run,
        interrupt,
    )
}

/// The experiment under the lock, with serial code beside it and, if asked for, Python.
pub(crate) fn gil(args: &GilArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let python = args.python.then(Python::find).transpose()?;
    let rounds = args.rounds.unwrap_or(if args.python { 1 } else { 20 });
    let models = [Choice::Serial, Choice::Threads, Choice::Gil]
        .map(Model::new)
        .into();
    compare(models, python.as_ref(), rounds, None, run, interrupt)
}

fn compare(
    models: Vec<Model>,
    python: Option<&Python>,
    rounds: usize,
    point: Option<&str>,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let workers = run.jobs();
    let numbers = || NUMBERS.into_iter().cycle().take(rounds * NUMBERS.len());
    let checks = rounds * NUMBERS.len();
    let mut comparison = Comparison::new("is it prime? by trial division")
        .input(format!(
            "the workshop's {} numbers, rounds: {rounds}",
            NUMBERS.len()
        ))
        .agreement(format!("the same {checks} answers"))
        .runs(run.runs());
    for (index, model) in models.iter().enumerate() {
        let job = move || check(model, numbers(), workers, interrupt);
        let count = model.workers(workers);
        comparison = match index {
            0 => comparison.baseline(model.name(), count, job),
            _ => comparison.model(model.name(), count, job),
        };
    }
    for mode in python
        .iter()
        .flat_map(|_| [python::Mode::Threads, python::Mode::Processes])
    {
        let job = move || {
            let python = python.ok_or("no Python")?;
            stop_if(interrupt)?;
            Ok(sorted(python.check(
                mode,
                &numbers().collect::<Vec<_>>(),
                workers,
            )?))
        };
        comparison = comparison.model(mode.name(), workers.get(), job);
    }
    let progress = Progress::new("", 0, run.quiet);
    let mut report =
        comparison.run(&mut |model, time| progress.say(&format!("{model}, run {time}")));
    progress.finish();
    for model in &models {
        if let Some(remark) = model.remark() {
            report.note(model.name(), remark);
        }
    }
    show(&report, point, run)
}

/// Prints a comparison, as JSON or for people.
pub(super) fn show<A: PartialEq + std::fmt::Debug>(
    report: &Report<A>,
    point: Option<&str>,
    run: &RunArgs,
) -> anyhow::Result<Outcome> {
    let mut out = common::cli::stdout();
    if run.json {
        out.json(&report.json())?;
    } else {
        writeln!(out, "{}", report.text().trim_end())?;
        if let Some(point) = point
            && !run.quiet
        {
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

fn check(
    model: &Model,
    numbers: impl Iterator<Item = u64> + Send,
    workers: NonZeroUsize,
    interrupt: &Interrupt,
) -> Answer<Vec<Checked>> {
    let jobs = numbers.map(Job::Check).take_while(|_| !interrupt.raised());
    let answers = Mutex::new(Vec::new());
    model.run(jobs, workers, |job, answer| {
        if let Job::Check(n) = job {
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((n, answer == 1));
        }
    })?;
    stop_if(interrupt)?;
    Ok(sorted(
        answers.into_inner().unwrap_or_else(PoisonError::into_inner),
    ))
}

/// Models finish their jobs in any order.
fn sorted(mut answers: Vec<Checked>) -> Vec<Checked> {
    answers.sort_unstable();
    answers
}

/// Half an answer is none.
fn stop_if(interrupt: &Interrupt) -> Result<(), Box<dyn Error + Send + Sync>> {
    if interrupt.raised() {
        return Err("interrupted".into());
    }
    Ok(())
}
