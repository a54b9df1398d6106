//! The result of a job: the figures of all pairs.

use std::time::Duration;

use common::timing::Summary;
use serde::Serialize;

use super::{Job, Pair};
use crate::child::Cost;
use crate::contender::Contender;
use crate::ratio::{Ratio, Verdict};

/// The result of a job.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// The job's name.
    pub job: &'static str,
    /// The work.
    pub title: String,
    /// Our program's command.
    pub ours: String,
    /// Our program's answer, with which the others were compared.
    pub answer: String,
    /// The largest difference between two equal runs of ours, as a share. `None` without a pair.
    pub noise: Option<f64>,
    /// Ours beside itself, then beside each of the others.
    pub rows: Vec<Row>,
}

/// A program beside ours.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// Its name.
    pub name: &'static str,
    /// The version of another program.
    pub version: Option<String>,
    /// Its command.
    pub command: String,
    /// How it went.
    pub outcome: Outcome,
}

/// How it went.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// There are figures.
    Measured(Box<Figures>),
    /// It was interrupted before the first pair.
    NotRun,
    /// It was not found.
    Missing {
        /// Why it wasn't found.
        reason: String,
        /// The command that installs it.
        install: &'static str,
    },
    /// It ended with an error.
    Failed(String),
    /// It gave another answer: this one.
    Disagrees(String),
}

/// The figures of all pairs of a program and ours.
#[derive(Clone, Debug, Serialize)]
pub struct Figures {
    /// How many times as long theirs takes.
    pub ratio: Ratio,
    /// Which program is faster.
    pub faster: Verdict,
    /// Theirs.
    pub theirs: Side,
    /// Ours, in the same pairs.
    pub ours: Side,
}

/// One side of the pairs.
#[derive(Clone, Debug, Serialize)]
pub struct Side {
    /// Wall time.
    pub wall: Summary,
    /// CPU time, the median.
    pub cpu: Option<Duration>,
    /// Peak memory of the largest process, in bytes, the highest of all runs.
    pub peak_memory: Option<u64>,
}

impl Row {
    pub(super) fn new(name: &'static str, who: &Contender) -> Row {
        Row {
            name,
            version: None,
            command: who.command(),
            outcome: Outcome::NotRun,
        }
    }
}

impl Report {
    /// In `rows`, the first is our program beside itself.
    pub(super) fn new(job: &Job, answer: String, rows: Vec<(Row, Vec<Pair>)>) -> Report {
        let noise = rows
            .first()
            .and_then(|(_, pairs)| ratio(pairs))
            .map(|ratio| ratio.noise());
        let rows = rows
            .into_iter()
            .map(|(row, pairs)| match row.outcome {
                Outcome::NotRun => Row {
                    outcome: figures(&pairs, noise)
                        .map_or(Outcome::NotRun, |it| Outcome::Measured(it.into())),
                    ..row
                },
                // What it did before it went wrong doesn't count.
                _ => row,
            })
            .collect();
        Report {
            job: job.name,
            title: job.title.clone(),
            ours: job.ours.command(),
            answer,
            noise,
            rows,
        }
    }

    /// Whether a program failed or gave another answer. A missing program does not count.
    pub fn failed(&self) -> bool {
        self.rows
            .iter()
            .any(|row| matches!(row.outcome, Outcome::Failed(_) | Outcome::Disagrees(_)))
    }
}

fn ratio(pairs: &[Pair]) -> Option<Ratio> {
    let walls: Vec<_> = pairs.iter().map(|(a, b)| (a.wall, b.wall)).collect();
    Ratio::of(&walls)
}

fn figures(pairs: &[Pair], noise: Option<f64>) -> Option<Figures> {
    let ratio = ratio(pairs)?;
    Some(Figures {
        ratio,
        faster: noise.map_or(Verdict::Unknown, |noise| ratio.verdict(noise)),
        theirs: side(pairs.iter().map(|pair| pair.0))?,
        ours: side(pairs.iter().map(|pair| pair.1))?,
    })
}

fn side(costs: impl Iterator<Item = Cost> + Clone) -> Option<Side> {
    Some(Side {
        wall: Summary::of(costs.clone().map(|cost| cost.wall))?,
        cpu: Summary::of(costs.clone().filter_map(|cost| cost.cpu)).map(|cpu| cpu.median),
        peak_memory: costs.filter_map(|cost| cost.peak_memory).max(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contender::Program;

    fn contender(name: &'static str) -> Contender {
        Contender {
            name,
            program: Program::This,
            args: Vec::new(),
            install: "no way",
            answer: str::to_owned,
        }
    }

    fn job() -> Job {
        Job {
            name: "job",
            title: "a job".to_owned(),
            input: "",
            ours: contender("ours"),
            peers: Vec::new(),
        }
    }

    fn cost(millis: u64, mebibytes: u64) -> Cost {
        Cost {
            wall: Duration::from_millis(millis),
            cpu: Some(Duration::from_millis(2 * millis)),
            peak_memory: Some(mebibytes << 20),
        }
    }

    fn row(name: &'static str, outcome: Outcome) -> Row {
        Row {
            outcome,
            ..Row::new(name, &contender(name))
        }
    }

    fn measured(report: &Report, row: usize) -> &Figures {
        match &report.rows[row].outcome {
            Outcome::Measured(figures) => figures,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn figures_are_medians_but_memory_is_the_highest() {
        let itself = vec![(cost(110, 1), cost(100, 1)); 5];
        let mut pairs = vec![(cost(300, 5), cost(100, 2)); 4];
        pairs.push((cost(900, 7), cost(100, 3)));
        let rows = vec![
            (row("itself", Outcome::NotRun), itself),
            (row("peer", Outcome::NotRun), pairs),
        ];
        let report = Report::new(&job(), "42".to_owned(), rows);
        assert!((report.noise.unwrap() - 0.1).abs() < 1e-9);
        assert_eq!(measured(&report, 0).faster, Verdict::Neither);
        let peer = measured(&report, 1);
        assert_eq!((peer.ratio.of_medians, peer.ratio.max), (3.0, 9.0));
        assert_eq!(peer.faster, Verdict::Ours);
        assert_eq!(peer.theirs.cpu, Some(Duration::from_millis(600)));
        assert_eq!(peer.theirs.peak_memory, Some(7 << 20));
        assert_eq!(peer.ours.peak_memory, Some(3 << 20));
        assert!(!report.failed());
    }

    #[test]
    fn what_went_wrong_has_no_figures_and_only_missing_is_no_failure() {
        let missing = Outcome::Missing {
            reason: "not on the PATH".to_owned(),
            install: "no way",
        };
        let failed = Outcome::Failed("exit status: 9".to_owned());
        for (outcome, expected) in [
            (missing, false),
            (Outcome::NotRun, false),
            (failed, true),
            (Outcome::Disagrees("43".to_owned()), true),
        ] {
            let pairs = match outcome {
                Outcome::NotRun => Vec::new(),
                _ => vec![(cost(300, 5), cost(100, 2))],
            };
            let rows = vec![
                (row("itself", Outcome::NotRun), Vec::new()),
                (row("peer", outcome), pairs),
            ];
            let report = Report::new(&job(), "42".to_owned(), rows);
            assert_eq!(report.failed(), expected);
            assert_eq!(report.noise, None);
            assert!(!matches!(report.rows[1].outcome, Outcome::Measured(_)));
        }
    }
}
