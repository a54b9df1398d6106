//! Compares the same job in several models fairly.
//!
//! In every round the baseline runs twice. The difference between these equal runs is the noise of
//! this machine, and no model wins by less than the noise. The rounds are interleaved (baseline,
//! baseline, a, b, baseline, baseline, a, b, …), so a machine that becomes slower slows down all
//! models alike. Every answer of every run is compared with the baseline's. The report also says if
//! other programs used the CPUs meanwhile.

mod load;
mod render;
mod report;
mod scaling;
mod verdict;

pub use load::{Load, Moment, Watch};
pub use report::{Figures, Report, Row};
pub use verdict::Standing;

use crate::cpus;
use crate::timing::{Measurement, measure};
use std::error::Error;
use std::fmt::Debug;
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

/// The result of a model's closure: its answer, or the error that prevented it.
pub type Answer<A> = Result<A, Box<dyn Error + Send + Sync>>;

/// The baseline's runs per round, unless it is too slow: the second run is the comparison with
/// itself.
const BASELINE_RUNS_PER_ROUND: usize = 2;

/// The setup of a comparison; [`run`](Comparison::run) turns it into a [`Report`].
///
/// The model added by [`baseline`](Comparison::baseline) is the reference for the others, and comes
/// first in the table.
///
/// # Examples
///
/// ```
/// use common::comparison::Comparison;
/// use std::num::NonZeroUsize;
///
/// let report = Comparison::new("sum")
///     .input("the numbers to 1000")
///     .runs(NonZeroUsize::MIN)
///     .baseline("loop", 1, || Ok((1..=1000_u64).sum::<u64>()))
///     .model("formula", 1, || Ok(1000 * 1001 / 2))
///     .run(&mut |model, run| eprintln!("{model}, run {run}"));
/// assert!(report.agreed());
/// assert_eq!(report.answer(), Some(&500_500));
/// println!("{}", report.text());
/// ```
pub struct Comparison<'a, A> {
    about: About,
    repeat: Repeat,
    contenders: Vec<Contender<'a, A>>,
}

/// How many rounds to run.
#[derive(Clone, Copy, Debug)]
enum Repeat {
    Exactly(usize),
    /// At least this number of rounds, and more while another one probably ends within the time.
    Within(usize, Duration),
}

/// The maximum number of rounds; more would not improve the figures.
const MOST_ROUNDS: usize = 9;

impl Repeat {
    fn goes_on(self, rounds: usize, elapsed: Duration) -> bool {
        match self {
            Repeat::Exactly(all) => rounds < all,
            Repeat::Within(least, _) if rounds < least => true,
            Repeat::Within(_, budget) => {
                let round = elapsed / u32::try_from(rounds.max(1)).unwrap_or(u32::MAX);
                rounds < MOST_ROUNDS && elapsed + round <= budget
            }
        }
    }
}

/// The kind of work that the workers do. The conclusions depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Work {
    /// Each worker computes, and keeps a CPU busy.
    Computes,
    /// Each worker waits for something.
    Waits,
}

/// The texts around the table.
#[derive(Clone, Debug)]
struct About {
    title: String,
    input: String,
    look_for: String,
    agreement: String,
    /// The number of rounds that were run.
    rounds: usize,
    baseline_twice: bool,
    work: Work,
}

struct Contender<'a, A> {
    job: Box<dyn FnMut() -> Answer<A> + 'a>,
    runs_per_round: usize,
    entry: Entry,
}

/// The runs of one model, from which the report is made.
struct Entry {
    model: String,
    workers: usize,
    is_baseline: bool,
    samples: Vec<Measurement>,
    /// For each run, the index of its answer in the list of distinct answers.
    answers: Vec<usize>,
    failure: Option<String>,
}

impl<'a, A: PartialEq + Debug> Comparison<'a, A> {
    /// An empty comparison with one round.
    pub fn new(title: impl Into<String>) -> Self {
        Comparison {
            about: About {
                title: title.into(),
                input: String::new(),
                look_for: String::new(),
                agreement: String::new(),
                rounds: 0,
                baseline_twice: true,
                work: Work::Computes,
            },
            repeat: Repeat::Exactly(1),
            contenders: Vec::new(),
        }
    }

    /// Describes the input of all models: `200 numbers, 10 of them distinct`.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.about.input = text.into();
        self
    }

    /// A question, printed above the table, that the table answers: `which models are faster than
    /// serial?`
    #[must_use]
    pub fn look_for(mut self, question: impl Into<String>) -> Self {
        self.about.look_for = question.into();
        self
    }

    /// Describes what it means that all models agree: `200 of 200 answers`.
    #[must_use]
    pub fn agreement(mut self, text: impl Into<String>) -> Self {
        self.about.agreement = text.into();
        self
    }

    /// Sets the number of rounds. Each model runs once per round, the baseline twice.
    #[must_use]
    pub fn runs(mut self, rounds: NonZeroUsize) -> Self {
        self.repeat = Repeat::Exactly(rounds.get());
        self
    }

    /// Runs at least `least` rounds, and more while another one probably ends within `budget`: at
    /// most nine.
    #[must_use]
    pub fn runs_within(mut self, least: NonZeroUsize, budget: Duration) -> Self {
        self.repeat = Repeat::Within(least.get(), budget);
        self
    }

    /// Declares that the models wait and do not compute. The column "workers" becomes "at once":
    /// how many things a model waits for at the same time. There is no efficiency, because one
    /// thread may wait for a thousand things.
    #[must_use]
    pub fn waiting(mut self) -> Self {
        self.about.work = Work::Waits;
        self
    }

    /// Adds the baseline: the model that the others are compared with, usually the serial one.
    ///
    /// `workers` means the same for every model: how many jobs are worked on at once.
    ///
    /// # Panics
    ///
    /// If there already is a baseline.
    #[must_use]
    pub fn baseline(
        mut self,
        name: impl Into<String>,
        workers: usize,
        job: impl FnMut() -> Answer<A> + 'a,
    ) -> Self {
        assert!(
            !self.contenders.iter().any(|it| it.entry.is_baseline),
            "a comparison has one baseline"
        );
        let baseline = Contender::new(name.into(), workers, true, Box::new(job));
        self.contenders.insert(0, baseline);
        self
    }

    /// Runs the baseline once per round, because it takes long. With a single round there is then
    /// no figure for the noise.
    ///
    /// # Panics
    ///
    /// If there is no baseline yet.
    #[must_use]
    pub fn baseline_once(mut self) -> Self {
        let baseline = self
            .contenders
            .first_mut()
            .filter(|it| it.entry.is_baseline);
        baseline.expect("the baseline comes first").runs_per_round = 1;
        self.about.baseline_twice = false;
        self
    }

    /// Adds a model.
    ///
    /// A model that fails is reported with its error and not run again; the others go on. A remark
    /// that is only known after the run is added with [`Report::note`].
    #[must_use]
    pub fn model(
        mut self,
        name: impl Into<String>,
        workers: usize,
        job: impl FnMut() -> Answer<A> + 'a,
    ) -> Self {
        let model = Contender::new(name.into(), workers, false, Box::new(job));
        self.contenders.push(model);
        self
    }

    /// Runs every model in every round, and returns the report.
    ///
    /// Calls `progress` before each run with the model's name and the number of its run, from 1.
    /// This call is not timed.
    pub fn run(mut self, progress: &mut dyn FnMut(&str, usize)) -> Report<A> {
        // Answers may be large. Each distinct answer is kept once.
        let mut distinct = Vec::new();
        let mut watch = Watch::default();
        let start = Instant::now();
        while self.repeat.goes_on(self.about.rounds, start.elapsed()) {
            for contender in &mut self.contenders {
                contender.run_round(progress, &mut distinct, &mut watch);
            }
            self.about.rounds += 1;
            if self.contenders.iter().all(|it| it.entry.failure.is_some()) {
                break;
            }
        }
        let load = watch.load(self.about.work == Work::Computes);
        let entries = self.contenders.into_iter().map(|it| it.entry).collect();
        Report::new(self.about, (cpus::detect(), load), entries, distinct)
    }
}

impl<'a, A: PartialEq> Contender<'a, A> {
    fn new(
        model: String,
        workers: usize,
        is_baseline: bool,
        job: Box<dyn FnMut() -> Answer<A> + 'a>,
    ) -> Self {
        Contender {
            job,
            runs_per_round: if is_baseline {
                BASELINE_RUNS_PER_ROUND
            } else {
                1
            },
            entry: Entry {
                model,
                workers,
                is_baseline,
                samples: Vec::new(),
                answers: Vec::new(),
                failure: None,
            },
        }
    }

    fn run_round(
        &mut self,
        progress: &mut dyn FnMut(&str, usize),
        distinct: &mut Vec<A>,
        watch: &mut Watch,
    ) {
        for _ in 0..self.runs_per_round {
            if self.entry.failure.is_some() {
                return;
            }
            progress(&self.entry.model, self.entry.samples.len() + 1);
            let start = self.entry.is_baseline.then(Watch::start);
            self.run_once(distinct);
            if let Some(start) = start {
                watch.stop(&start);
            }
        }
    }

    fn run_once(&mut self, distinct: &mut Vec<A>) {
        match measure(&mut self.job) {
            (Ok(answer), measurement) => {
                let known = distinct.iter().position(|other| *other == answer);
                self.entry.samples.push(measurement);
                self.entry.answers.push(known.unwrap_or(distinct.len()));
                if known.is_none() {
                    distinct.push(answer);
                }
            }
            (Err(error), _) => self.entry.failure = Some(chain(&*error)),
        }
    }
}

/// An error and what caused it, on one line.
fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    text.replace('\n', " ")
}

#[cfg(test)]
mod tests;
