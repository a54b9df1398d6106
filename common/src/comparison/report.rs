//! What the runs come to: figures, noise, agreement, and who won.
//!
//! Nothing here runs or times anything, so it is tested with made-up measurements.

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
    /// Relative spread of the baseline's own runs; `None` without two of them.
    pub(super) noise: Option<f64>,
    pub(super) agreement: Agreement,
    pub(super) verdict: Verdict,
    answer: Option<A>,
}

/// One model's line of the table.
#[derive(Clone, Debug, PartialEq)]
pub struct Row {
    /// The model's name.
    pub model: String,
    /// How many workers it used.
    pub workers: usize,
    /// Its figures, or the error that ended it.
    pub outcome: Result<Figures, String>,
    /// Remarks shown under the table.
    pub notes: Vec<String>,
}

/// A model's figures over all its runs.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figures {
    /// Wall time.
    pub wall: Summary,
    /// User and system time of one run, the mean of all; finished children included.
    pub cpu: Duration,
    /// CPU time over wall time, over all runs.
    pub cores_busy: f64,
    /// The baseline's median wall time over this one's; `None` when there is no baseline's.
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
    /// The model the others were compared with, if any gave an answer.
    pub(super) reference: Option<String>,
    /// How many models gave an answer, the reference included.
    pub(super) answered: usize,
    /// Who gave another answer, with both answers for people.
    pub(super) differing: Vec<Difference>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) model: String,
    pub(super) answer: String,
    pub(super) expected: String,
}

/// What may be said about who is fastest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Fewer than two models, or no noise figure: nothing to say.
    Nothing,
    /// Fewer runs than [`LEAST_RUNS`].
    TooFewRuns,
    /// Faster than the runner-up by more than the noise.
    Winner(String),
    /// The fastest few, fastest first, which the noise can't tell apart.
    WithinNoise(Vec<String>),
}

impl<A: PartialEq + Debug> Report<A> {
    /// Of entries whose answers are places in `distinct`.
    pub(super) fn new(about: About, cpus: Cpus, entries: Vec<Entry>, mut distinct: Vec<A>) -> Self {
        let baseline = entries.iter().find(|entry| entry.is_baseline);
        let noise = baseline
            .filter(|entry| entry.answered())
            .and_then(|entry| noise(&walls(&entry.samples)));
        let base = baseline.and_then(Entry::median);
        let rows: Vec<Row> = entries.iter().map(|entry| entry.row(base)).collect();
        let agreement = agreement(&entries, &distinct);
        let verdict = match about.rounds.get() {
            0..LEAST_RUNS => Verdict::TooFewRuns,
            _ => verdict(&medians(&rows, &agreement), widest(noise, &entries)),
        };
        Report {
            about,
            cpus,
            noise,
            verdict,
            agreement,
            answer: reference(&entries).map(|entry| distinct.swap_remove(entry.answers[0])),
            rows,
        }
    }

    /// The table's lines, the baseline's first.
    pub fn rows(&self) -> &[Row] {
        &self.rows
    }

    /// Whether every answer of every run was the baseline's. Failed models gave none: see
    /// [`failed`](Report::failed).
    ///
    /// When the baseline itself failed, the first model that answered stands in for it. Without
    /// any answer there is no agreement.
    pub fn agreed(&self) -> bool {
        self.agreement.answered > 0 && self.agreement.differing.is_empty()
    }

    /// Whether any model ended in an error.
    pub fn failed(&self) -> bool {
        self.rows.iter().any(|row| row.outcome.is_err())
    }

    /// The baseline's answer; when it failed, that of the first model that answered.
    pub fn answer(&self) -> Option<&A> {
        self.answer.as_ref()
    }

    /// Relative spread of the baseline's own runs, `(max - min) / median`: the difference between
    /// two equal things here. `None` when the baseline failed.
    pub fn noise(&self) -> Option<f64> {
        self.noise
    }

    /// The fastest model, if each ran three times or more and it is faster than every other by more
    /// than any model's runs differ, and by more than 3 %.
    pub fn winner(&self) -> Option<&str> {
        match &self.verdict {
            Verdict::Winner(model) => Some(model),
            Verdict::Nothing | Verdict::TooFewRuns | Verdict::WithinNoise(_) => None,
        }
    }

    /// Adds a remark about a model, shown under the table: `longest poll 12 ms`.
    ///
    /// A model that isn't in the table is left alone.
    pub fn note(&mut self, model: &str, text: impl Into<String>) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.model == model) {
            row.notes.push(text.into());
        }
    }
}

impl Entry {
    fn answered(&self) -> bool {
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

fn walls(samples: &[Measurement]) -> Vec<Duration> {
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

/// `(max - min) / median` of runs of the same thing; at least two are needed to differ.
fn noise(walls: &[Duration]) -> Option<f64> {
    if walls.len() < 2 {
        return None;
    }
    let summary = Summary::of(walls.iter().copied())?;
    Some(ratio(summary.max - summary.min, summary.median))
}

/// Of the models that may win: a wrong answer is never fast.
fn medians<'r>(rows: &'r [Row], agreement: &Agreement) -> Vec<(&'r str, Duration)> {
    let differs = |row: &Row| agreement.differing.iter().any(|it| it.model == row.model);
    rows.iter()
        .filter(|row| !differs(row))
        .filter_map(|row| Some((row.model.as_str(), row.outcome.as_ref().ok()?.wall.median)))
        .collect()
}

/// Of fewer runs of each model none is named the fastest: their spread is not known.
pub(super) const LEAST_RUNS: usize = 3;

/// The widest relative spread of any model's runs, at least the baseline's noise.
fn widest(noise: Option<f64>, entries: &[Entry]) -> Option<f64> {
    let spreads = entries
        .iter()
        .filter(|entry| entry.answered())
        .filter_map(|entry| self::noise(&walls(&entry.samples)));
    Some(spreads.fold(noise?, f64::max))
}

/// A difference smaller than this is never believed. The baseline's few runs may come out equal by
/// luck, and models that share the cores spread more than one that has a core to itself.
const LEAST_NOISE: f64 = 0.03;

fn verdict(medians: &[(&str, Duration)], noise: Option<f64>) -> Verdict {
    let mut order = medians.to_vec();
    order.sort_by_key(|&(_, median)| median);
    let (Some(noise), [(fastest, best), _, ..]) = (noise, order.as_slice()) else {
        return Verdict::Nothing;
    };
    let limit = best.as_secs_f64() * (1.0 + noise.max(LEAST_NOISE));
    let near: Vec<String> = order
        .iter()
        .take_while(|(_, median)| median.as_secs_f64() <= limit)
        .map(|&(model, _)| model.to_owned())
        .collect();
    match near.len() {
        0 | 1 => Verdict::Winner((*fastest).to_owned()),
        _ => Verdict::WithinNoise(near),
    }
}

/// Whose answer the others are held against.
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

/// Every run counts, the reference's own too: one that changes its mind doesn't agree.
fn difference(entry: &Entry, expected: usize, distinct: &[impl Debug]) -> Option<Difference> {
    let answer = entry.answers.iter().find(|&&answer| answer != expected)?;
    Some(Difference {
        model: entry.model.clone(),
        answer: shortened(&distinct[*answer]),
        expected: shortened(&distinct[expected]),
    })
}

/// Answers may be whole images; a glance is enough to start looking.
fn shortened(answer: &impl Debug) -> String {
    const LONGEST: usize = 60;
    let text = format!("{answer:?}");
    if text.chars().count() <= LONGEST {
        return text;
    }
    text.chars().take(LONGEST).chain(['…']).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::cpus::Count;
    use crate::timing::CpuTime;
    use std::num::NonZeroUsize;

    pub(in super::super) fn machine() -> Cpus {
        let count = |value| Count {
            value,
            source: "a test".to_owned(),
        };
        Cpus {
            model: Some("Test CPU".to_owned()),
            logical: count(4),
            physical: count(2),
            usable: count(2),
        }
    }

    pub(in super::super) fn about() -> About {
        About {
            title: "primes".to_owned(),
            input: "200 numbers".to_owned(),
            agreement: "200 of 200 answers".to_owned(),
            rounds: NonZeroUsize::new(LEAST_RUNS).unwrap(),
            baseline_twice: true,
        }
    }

    /// Each run is `(wall, CPU)` in milliseconds.
    pub(in super::super) fn entry(
        model: &str,
        workers: usize,
        runs: &[(u64, u64)],
        answer: usize,
    ) -> Entry {
        let sample = |&(wall, cpu)| Measurement {
            wall: Duration::from_millis(wall),
            cpu: CpuTime {
                user: Duration::from_millis(cpu),
                system: Duration::ZERO,
            },
        };
        Entry {
            model: model.to_owned(),
            workers,
            is_baseline: model == "serial",
            samples: runs.iter().map(sample).collect(),
            answers: runs.iter().map(|_| answer).collect(),
            failure: None,
        }
    }

    pub(in super::super) fn failing(model: &str) -> Entry {
        let mut entry = entry(model, 2, &[], 0);
        entry.failure = Some("worker 17 was killed".to_owned());
        entry
    }

    pub(in super::super) fn report(entries: Vec<Entry>) -> Report<usize> {
        // Every answer is its own place.
        Report::new(about(), machine(), entries, (0..10).collect())
    }

    fn ms(values: &[u64]) -> Vec<Duration> {
        values.iter().copied().map(Duration::from_millis).collect()
    }

    #[test]
    fn noise_is_the_baselines_relative_spread() {
        assert_eq!(noise(&ms(&[100, 125, 75])), Some(0.5));
        assert_eq!(noise(&ms(&[100, 100])), Some(0.0));
        assert_eq!(noise(&ms(&[100])), None);
    }

    #[test]
    fn a_winner_needs_a_lead_beyond_the_noise() {
        let at = |a, b, c| {
            [("a", a), ("b", b), ("c", c)].map(|(name, ms)| (name, Duration::from_millis(ms)))
        };
        let within = |names: &[&str]| {
            Verdict::WithinNoise(names.iter().map(|name| (*name).to_owned()).collect())
        };
        let noise = Some(0.1);
        let b = || Verdict::Winner("b".to_owned());
        assert_eq!(verdict(&at(200, 100, 120), noise), b());
        assert_eq!(verdict(&at(200, 105, 100), noise), within(&["c", "b"]));
        assert_eq!(verdict(&at(109, 105, 100), noise), within(&["c", "b", "a"]));
        assert_eq!(verdict(&at(200, 100, 104), Some(0.0)), b());
        assert_eq!(verdict(&at(200, 100, 102), Some(0.0)), within(&["b", "c"]));
        assert_eq!(verdict(&at(200, 100, 120), None), Verdict::Nothing);
        assert_eq!(verdict(&at(1, 2, 3)[..1], noise), Verdict::Nothing);
    }

    #[test]
    fn equal_medians_without_noise_are_a_tie() {
        let tie = [
            ("a", Duration::from_millis(5)),
            ("b", Duration::from_millis(5)),
        ];
        assert!(matches!(verdict(&tie, Some(0.0)), Verdict::WithinNoise(_)));
    }

    #[test]
    fn the_widest_spread_of_any_model_is_the_noise() {
        let entries = [
            entry("serial", 1, &[(100, 100), (101, 101)], 7),
            entry("threads", 2, &[(50, 100), (60, 100), (55, 100)], 7),
        ];
        let noise = widest(Some(0.01), &entries).unwrap();
        assert!((noise - 10.0 / 55.0).abs() < 1e-9, "{noise}");
        assert_eq!(widest(None, &entries), None);
    }

    #[test]
    fn figures_follow_from_the_samples() {
        let report = report(vec![
            entry("serial", 1, &[(1000, 990), (1000, 1010)], 7),
            entry("threads", 2, &[(500, 1000)], 7),
        ]);
        let row = &report.rows()[1];
        let figures = row.outcome.clone().unwrap();
        assert_eq!(figures.speed_up, Some(2.0));
        assert_eq!(figures.cores_busy, 2.0);
        assert_eq!(figures.cpu, Duration::from_secs(1));
        assert_eq!(row.efficiency(), Some(1.0));
        assert_eq!(report.rows()[0].efficiency(), Some(1.0));
        assert_eq!(report.winner(), Some("threads"));
    }

    #[test]
    fn who_differs_is_named_with_both_answers() {
        let report = report(vec![
            entry("serial", 1, &[(10, 10), (10, 10)], 7),
            entry("wrong", 2, &[(1, 2)], 8),
            entry("right", 2, &[(5, 10)], 7),
        ]);
        assert!(!report.agreed());
        assert_eq!(report.winner(), Some("right"));
        assert_eq!(
            report.agreement.differing,
            [Difference {
                model: "wrong".to_owned(),
                answer: "8".to_owned(),
                expected: "7".to_owned(),
            }]
        );
    }

    #[test]
    fn without_its_baseline_a_report_has_no_speed_ups_and_no_winner() {
        let mut serial = failing("serial");
        serial.is_baseline = true;
        let report = report(vec![serial, entry("threads", 2, &[(5, 10)], 9)]);
        assert!(report.failed());
        assert!(report.agreed());
        assert_eq!(report.answer(), Some(&9));
        assert_eq!(report.noise(), None);
        assert_eq!(report.winner(), None);
        assert_eq!(report.rows()[1].efficiency(), None);
    }

    #[test]
    fn no_answers_are_no_agreement() {
        let report = report(vec![failing("serial"), failing("threads")]);
        assert!(!report.agreed());
        assert_eq!(report.answer(), None);
    }

    #[test]
    fn long_answers_are_cut() {
        assert_eq!(shortened(&vec![0; 1000]).chars().count(), 61);
        assert_eq!(shortened(&7), "7");
    }
}
