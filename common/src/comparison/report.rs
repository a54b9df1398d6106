//! The result of the runs: figures and agreement.
//!
//! Nothing here runs or measures anything, so the tests use invented measurements.

use super::load::Load;
use super::verdict::{LEAST_NOISE, LEAST_RUNS, Standings, Verdict, medians, noise, widest};
use super::{About, Entry};
use crate::cpus::Cpus;
use crate::timing::{Measurement, Summary, ratio};
use std::fmt::Debug;
use std::time::Duration;

/// A finished comparison.
#[derive(Debug)]
pub struct Report<A> {
    pub(super) about: About,
    pub(super) cpus: Cpus,
    pub(super) rows: Vec<Row>,
    /// Relative spread of the baseline's runs; `None` if there are fewer than two.
    pub(super) noise: Option<f64>,
    /// The largest relative spread of any model's runs.
    spread: Option<f64>,
    pub(super) agreement: Agreement,
    pub(super) verdict: Verdict,
    pub(super) load: Load,
    answer: Option<A>,
}

/// One model's row of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The model's name.
    pub model: String,
    /// How many jobs the model works on at once: its threads or processes, or the things that it
    /// waits for.
    pub workers: usize,
    /// Its figures, or the error that ended it.
    pub outcome: Result<Figures, String>,
    /// Remarks shown under the table.
    pub notes: Vec<String>,
}

/// A model's figures over all its runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Wall time: the time that passed.
    pub wall: Summary,
    /// User and system time of one run, the mean of all; finished children included.
    pub cpu: Duration,
    /// CPU time over wall time, over all runs.
    pub cores_busy: f64,
    /// The baseline's median wall time divided by this model's; `None` if the baseline has none.
    pub speed_up: Option<f64>,
}

impl Row {
    /// Speed-up per worker: 1.0 is perfect.
    pub fn efficiency(&self) -> Option<f64> {
        let speed_up = self.outcome.as_ref().ok()?.speed_up?;
        Some(speed_up / self.workers.max(1) as f64)
    }
}

/// Whether the answers were the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Agreement {
    /// The model that the others were compared with, if any model gave an answer.
    pub(super) reference: Option<String>,
    /// How many models gave an answer, the reference included.
    pub(super) answered: usize,
    /// The models that gave a different answer, with both answers as text.
    pub(super) differing: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) model: String,
    pub(super) answer: String,
    pub(super) expected: String,
}

impl<A: PartialEq + Debug> Report<A> {
    /// Compares entries whose answers are indices in `distinct`.
    pub(super) fn new(
        about: About,
        machine: (Cpus, Load),
        entries: Vec<Entry>,
        mut distinct: Vec<A>,
    ) -> Self {
        let (cpus, load) = machine;
        let baseline = entries.iter().find(|entry| entry.is_baseline);
        let noise = baseline
            .filter(|entry| entry.answered())
            .and_then(|entry| noise(&walls(&entry.samples)));
        let base = baseline.and_then(Entry::median);
        let rows: Vec<Row> = entries.iter().map(|entry| entry.row(base)).collect();
        let agreement = agreement(&entries, &distinct);
        let spread = widest(noise, &entries);
        let verdict = match about.rounds {
            0..LEAST_RUNS => Verdict::TooFewRuns,
            _ => Verdict::of(&medians(&rows, &agreement), spread),
        };
        Report {
            about,
            cpus,
            noise,
            spread,
            verdict,
            load,
            agreement,
            answer: reference(&entries).map(|entry| distinct.swap_remove(entry.answers[0])),
            rows,
        }
    }

    /// The table's rows, the baseline first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether every answer of every run was the baseline's. A failed model has no answer: see
    /// [`failed`](Report::failed).
    ///
    /// If the baseline itself failed, the first model that answered takes its place. Without any
    /// answer the result is `false`.
    pub fn agreed(&self) -> bool {
        self.agreement.answered > 0 && self.agreement.differing.is_empty()
    }

    /// Whether any model ended in an error.
    pub fn failed(&self) -> bool {
        self.rows.iter().any(|row| row.outcome.is_err())
    }

    /// The baseline's answer; if the baseline failed, that of the first model that answered.
    pub fn answer(&self) -> Option<&A> {
        self.answer.as_ref()
    }

    /// Relative spread of the baseline's runs, `(max - min) / median`: the difference between two
    /// equal things on this machine. `None` if the baseline failed.
    pub fn noise(&self) -> Option<f64> {
        self.noise
    }

    /// The reasons why the figures are not those of an idle machine, as seen while the baseline
    /// ran: `other programs kept 0.9 of 2 CPUs busy`.
    pub fn disturbances(&self) -> Vec<String> {
        let workers = self.rows.iter().map(|row| row.workers).max().unwrap_or(1);
        let usable = self.cpus.usable.value;
        self.load.disturbances(workers, usable)
    }

    /// A model's figures, unless it failed or is not in the table.
    pub fn figures(&self, model: &str) -> Option<&Figures> {
        let row = self.rows.iter().find(|row| row.model == model)?;
        row.outcome.as_ref().ok()
    }

    /// How the models compare with the baseline, beyond the noise.
    pub(super) fn standings(&self) -> Standings<'_> {
        let limit = 1.0 + self.spread.unwrap_or(0.0).max(LEAST_NOISE);
        let differs = |row: &&Row| {
            !self
                .agreement
                .differing
                .iter()
                .any(|it| it.model == row.model)
        };
        let others = self.rows.iter().skip(1).filter(differs);
        Standings::of(
            others
                .filter_map(|row| Some((row.model.as_str(), row.outcome.as_ref().ok()?.speed_up?))),
            limit,
        )
    }

    /// The fastest model: each model ran three times or more, and this one is faster than every
    /// other by more than the spread of any model's runs, and by more than 3 %.
    pub fn winner(&self) -> Option<&str> {
        match &self.verdict {
            Verdict::Winner(model) => Some(model),
            Verdict::Nothing | Verdict::TooFewRuns | Verdict::WithinNoise(_) => None,
        }
    }

    /// Adds a remark about a model, shown under the table: `longest poll 12 ms`.
    ///
    /// Does nothing if the model is not in the table.
    pub fn note(&mut self, model: &str, text: impl Into<String>) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.model == model) {
            row.notes.push(text.into());
        }
    }
}

impl Entry {
    pub(super) fn answered(&self) -> bool {
        self.failure.is_none() && !self.answers.is_empty()
    }

    fn median(&self) -> Option<Duration> {
        if !self.answered() {
            return None;
        }
        Summary::of(walls(&self.samples)).map(|summary| summary.median)
    }

    fn row(&self, base: Option<Duration>) -> Row {
        let outcome = match &self.failure {
            Some(error) => Err(error.clone()),
            None => figures(&self.samples, base).ok_or_else(|| "never run".to_owned()),
        };
        Row {
            model: self.model.clone(),
            workers: self.workers,
            outcome,
            notes: Vec::new(),
        }
    }
}

pub(super) fn walls(samples: &[Measurement]) -> Vec<Duration> {
    samples.iter().map(|sample| sample.wall).collect()
}

fn figures(samples: &[Measurement], base: Option<Duration>) -> Option<Figures> {
    let wall = Summary::of(walls(samples))?;
    let total_wall: Duration = walls(samples).iter().sum();
    let total_cpu: Duration = samples.iter().map(|sample| sample.cpu.total()).sum();
    let runs = u32::try_from(samples.len()).unwrap_or(u32::MAX);
    Some(Figures {
        wall,
        cpu: total_cpu / runs,
        cores_busy: ratio(total_cpu, total_wall),
        speed_up: base
            .filter(|_| !wall.median.is_zero())
            .map(|base| ratio(base, wall.median)),
    })
}

/// The entry whose answer is the reference for the others.
fn reference(entries: &[Entry]) -> Option<&Entry> {
    entries.iter().find(|entry| entry.answered())
}

fn agreement(entries: &[Entry], distinct: &[impl Debug]) -> Agreement {
    let Some(reference) = reference(entries) else {
        return Agreement {
            reference: None,
            answered: 0,
            differing: Vec::new(),
        };
    };
    let answered = || entries.iter().filter(|entry| entry.answered());
    Agreement {
        reference: Some(reference.model.clone()),
        answered: answered().count(),
        differing: answered()
            .filter_map(|entry| difference(entry, reference.answers[0], distinct))
            .collect(),
    }
}

/// Every run is checked, also those of the reference: its own answers may differ.
fn difference(entry: &Entry, expected: usize, distinct: &[impl Debug]) -> Option<Difference> {
    let answer = entry.answers.iter().find(|&&answer| answer != expected)?;
    Some(Difference {
        model: entry.model.clone(),
        answer: shortened(&distinct[*answer]),
        expected: shortened(&distinct[expected]),
    })
}

/// An answer may be a whole image, so only its beginning is shown.
fn shortened(answer: &impl Debug) -> String {
    const LONGEST: usize = 60;
    let text = format!("{answer:?}");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
pub(super) mod tests;
