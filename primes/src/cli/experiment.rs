//! The workshop's experiment: every model checks the same ten numbers again and again.

use std::iter;
use std::num::NonZeroUsize;
use std::sync::{Mutex, PoisonError};

use anyhow::anyhow;
use common::cli::{Interrupt, Outcome, RunArgs, compare};
use common::comparison::{Answer, Comparison, Report};
use common::timing::human_duration;
use primes::job::WORKSHOP_NUMBERS;
use primes::{Job, Watch};

use super::algorithm_or_cores;
use super::args::{ExperimentArgs, GilArgs};
use super::model::{self, Kind, Model};
use super::python::{self, Python};

/// Serial code takes a third of a second. So three runs of each model fit into ten seconds, also if
/// other programs use half of the CPUs.
const ROUNDS: usize = 10;

/// Python takes about twenty times as long.
const ROUNDS_WITH_PYTHON: usize = 1;

/// A number of the experiment and whether it is prime.
type Checked = (u64, bool);

/// Runs the experiment in the chosen models.
pub(super) fn run(
    args: &ExperimentArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let models = model::models(args.model.unwrap_or_default(), &args.broker);
    let rounds = args.rounds.unwrap_or(ROUNDS);
    // For a single model the user wants only its time.
    let with_algorithm = models.len() > 1;
    compare(&models, None, rounds, with_algorithm, run, interrupt)
}

/// Runs the experiment under the lock, beside serial code and, if asked for, Python.
pub(super) fn gil(args: &GilArgs, run: &RunArgs, interrupt: &Interrupt) -> anyhow::Result<Outcome> {
    let python = args.python.then(Python::find).transpose()?;
    let rounds = if args.python {
        ROUNDS_WITH_PYTHON
    } else {
        ROUNDS
    };
    let models = [Kind::Serial, Kind::Threads, Kind::Gil].map(Model::new);
    let rounds = args.rounds.unwrap_or(rounds);
    compare(&models, python.as_ref(), rounds, false, run, interrupt)
}

fn compare(
    models: &[Model],
    python: Option<&Python>,
    rounds: usize,
    with_algorithm: bool,
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
        .look_for("which models are faster than serial? How many cores were busy?")
        .agreement(format!("the same {} answers", numbers.len()));
    let comparison = compare::demonstrate(comparison, run.runs);
    let mut comparison = compare::add(comparison, models, run, |model| {
        check(model, &numbers, workers, interrupt)
    });
    if run.runs.is_none() {
        // The time is used for more rounds instead.
        comparison = comparison.baseline_once();
    }
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
    let mut point = match models.len() > 1 {
        true => point(&report, models),
        false => String::new(),
    };
    let counted = match with_algorithm && !interrupt.raised() {
        true => Some(algorithm_or_cores::measure(run, interrupt).map_err(|error| anyhow!(error))?),
        false => None,
    };
    if let Some(counted) = &counted {
        point.push_str("\n- ");
        point.push_str(&counted.text());
        point.push_str(&format!("\n\n{}", common::cli::read_next("primes")));
    }
    compare::show(&report, &point, run, |json| {
        if let Some(counted) = &counted {
            json["algorithm_or_cores"] = counted.json();
        }
    })
}

/// The models that divide the work among workers that all compute.
const SHARING: [&str; 4] = ["threads", "processes", "rayon", "async"];

/// How many times longer a computing task must block its runtime than a waiting one, to be
/// reported.
const FAR_LONGER: u32 = 10;

/// The conclusions from the figures.
fn point(report: &Report<Vec<Checked>>, models: &[Model]) -> String {
    let mut lines = vec!["What the figures show:".to_owned()];
    lines.extend(report.scaling(&SHARING).map(|line| format!("- {line}")));
    if let Some(gil) = report.figures("gil").filter(|gil| !gil.cpu.is_zero()) {
        lines.push(format!(
            "- Under one global lock (gil) {:.1} cores were busy: the threads only compute, so one has the \
             lock and the others wait, for any -j. A thread that waits for a file or a socket gives the lock up.",
            gil.cores_busy
        ));
    }
    let polls = [Kind::Async, Kind::AsyncBlocking].map(|kind| model::longest_poll(models, kind));
    if let [Some(apart), Some(inside)] = polls
        && inside > FAR_LONGER * apart
    {
        lines.push(format!(
            "- A task that computes keeps the other tasks of its runtime waiting: for up to {} \
             (async-blocking), against {} when threads compute (async).",
            human_duration(inside),
            human_duration(apart)
        ));
    }
    lines.join("\n")
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
    let checking = Checking {
        answers: Mutex::new(Vec::new()),
        interrupt,
    };
    model.run(jobs, workers, &checking)?;
    if interrupt.raised() {
        return Err("interrupted".into());
    }
    let answers = checking.answers.into_inner();
    Ok(sorted(answers.unwrap_or_else(PoisonError::into_inner)))
}

/// Checks that are under way.
struct Checking<'a> {
    answers: Mutex<Vec<Checked>>,
    interrupt: &'a Interrupt,
}

impl Watch for &Checking<'_> {
    fn done(&self, job: Job, answer: u64) {
        if let Job::Check(n) = job {
            let answers = self.answers.lock();
            let mut answers = answers.unwrap_or_else(PoisonError::into_inner);
            answers.push((n, answer == 1));
        }
    }

    fn go_on(&self, _numbers: u64) -> bool {
        !self.interrupt.raised()
    }
}

/// Models finish their jobs in any order.
fn sorted(mut answers: Vec<Checked>) -> Vec<Checked> {
    answers.sort_unstable();
    answers
}
