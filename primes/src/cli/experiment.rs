//! The workshop's experiment: the same ten numbers, over and over, in every model.

use std::iter;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use common::cli::{Interrupt, Outcome, RunArgs, compare};
use common::comparison::{Answer, Comparison};
use primes::Job;
use primes::job::WORKSHOP_NUMBERS;

use super::args::{ExperimentArgs, GilArgs};
use super::model::{self, Kind, Model};
use super::python::{self, Python};

const ROUNDS: usize = 20;

/// Python takes some twenty times as long.
const ROUNDS_WITH_PYTHON: usize = 1;

/// A number of the experiment and whether it is prime.
type Checked = (u64, bool);

/// What to look for in the table of all models.
const POINT: &str = "\
What to see: work that computes is as fast as it has cores. Threads, processes, rayon, and async
tasks that leave the computing to threads, should come close to a speed-up of one for each worker
that has a core to itself. Under one global lock (gil) one core is busy, whatever -j says. Compare
the two longest polls: a task that computes keeps all others on its runtime waiting.";

/// The experiment in the chosen models.
pub(super) fn run(
    args: &ExperimentArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let models = model::models(args.model.unwrap_or_default());
    let point = if models.len() > 1 { POINT } else { "" };
    compare(
        &models,
        None,
        args.rounds.unwrap_or(ROUNDS),
        point,
        run,
        interrupt,
    )
}

/// The experiment under the lock, with serial code beside it and, if asked for, Python.
pub(super) fn gil(args: &GilArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let python = args.python.then(Python::find).transpose()?;
    let rounds = if args.python {
        ROUNDS_WITH_PYTHON
    } else {
        ROUNDS
    };
    let models = [Kind::Serial, Kind::Threads, Kind::Gil].map(Model::new);
    compare(
        &models,
        python.as_ref(),
        args.rounds.unwrap_or(rounds),
        "",
        run,
        interrupt,
    )
}

fn compare(
    models: &[Model],
    python: Option<&Python>,
    rounds: usize,
    point: &str,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let workers = run.jobs();
    let numbers: Vec<u64> = iter::repeat_n(WORKSHOP_NUMBERS, rounds).flatten().collect();
    let comparison = Comparison::new("is it prime? by trial division")
        .input(format!(
            "the workshop's {} numbers, rounds: {rounds}",
            WORKSHOP_NUMBERS.len()
        ))
        .agreement(format!("the same {} answers", numbers.len()))
        .runs(run.runs());
    let mut comparison = compare::add(comparison, models, run, |model| {
        check(model, &numbers, workers, interrupt)
    });
    if let Some(python) = python {
        for mode in [python::Mode::Threads, python::Mode::Processes] {
            let numbers = &numbers;
            comparison = comparison.model(mode.name(), workers.get(), move || {
                if interrupt.raised() {
                    return Err("interrupted".into());
                }
                Ok(sorted(python.check(mode, numbers, workers)?))
            });
        }
    }
    let report = compare::finish(comparison, models, run);
    compare::show(&report, point, run, |_| ())
}

fn check(
    model: &Model,
    numbers: &[u64],
    workers: NonZeroUsize,
    interrupt: &Interrupt,
) -> Answer<Vec<Checked>> {
    let jobs = numbers
        .iter()
        .map(|&n| Job::Check(n))
        .take_while(|_| !interrupt.raised());
    let answers = Mutex::new(Vec::new());
    model.run(jobs, workers, |job, answer| {
        if let Job::Check(n) = job {
            answers
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push((n, answer == 1));
        }
    })?;
    if interrupt.raised() {
        return Err("interrupted".into());
    }
    Ok(sorted(
        answers.into_inner().unwrap_or_else(PoisonError::into_inner),
    ))
}

/// Models finish their jobs in any order.
fn sorted(mut answers: Vec<Checked>) -> Vec<Checked> {
    answers.sort_unstable();
    answers
}
