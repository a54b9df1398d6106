//! The same job in several models, compared fairly.
//!
//! The baseline runs twice against itself in every round, so the table knows how much two equal
//! things differ here and now; no winner is named inside that noise. Rounds are interleaved
//! (baseline, baseline, a, b, baseline, baseline, a, b, …), so a machine that slows down meanwhile
//! slows every model alike. Every answer of every run is compared with the baseline's. Whether other
//! programs had the CPUs meanwhile is watched, and told.

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

/// What a model's closure returns: its answer, or why there is none.
pub type Answer<A> = Result<A, Box<dyn Error + Send + Sync>>;

/// The baseline's runs per round, unless it is too slow for that: once as itself, once as its own
/// rival.
const BASELINE_RUNS_PER_ROUND: usize = 2;

/// A comparison being set up; [`run`](Comparison::run) makes a [`Report`] of it.
///
/// The first model added by [`baseline`](Comparison::baseline) is what the others are measured
/// against; it comes first in the table.
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
    /// At least so many, and more while another is likely to end within the time.
    Within(usize, Duration),
}

/// More rounds tell nothing new.
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

/// What the workers of a comparison do, which decides what may be said of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
enum Work {
    /// Each keeps a CPU busy.
    Computes,
    /// Each waits for something.
    Waits,
}

/// What the report says around the table.
#[derive(Clone, Debug)]
struct About {
    title: String,
    input: String,
    agreement: String,
    /// How many were run.
    rounds: usize,
    baseline_twice: bool,
    work: Work,
}

struct Contender<'a, A> {
    job: Box<dyn FnMut() -> Answer<A> + 'a>,
    runs_per_round: usize,
    entry: Entry,
}

/// One model's runs, as the report is made of them.
struct Entry {
    model: String,
    workers: usize,
    is_baseline: bool,
    samples: Vec<Measurement>,
    /// Which of the distinct answers each run gave.
    answers: Vec<usize>,
    failure: Option<String>,
}

impl<'a, A: PartialEq + Debug> Comparison<'a, A> {
    /// A comparison of nothing yet, in one round.
    pub fn new(title: impl Into<String>) -> Self {
        Comparison {
            about: About {
                title: title.into(),
                input: String::new(),
                agreement: String::new(),
                rounds: 0,
                baseline_twice: true,
                work: Work::Computes,
            },
            repeat: Repeat::Exactly(1),
            contenders: Vec::new(),
        }
    }

    /// Says what every model works on: `200 numbers, 10 of them distinct`.
    #[must_use]
    pub fn input(mut self, text: impl Into<String>) -> Self {
        self.about.input = text.into();
        self
    }

    /// Says what it means that all agree: `200 of 200 answers`.
    #[must_use]
    pub fn agreement(mut self, text: impl Into<String>) -> Self {
        self.about.agreement = text.into();
        self
    }

    /// How many rounds to run: each model once per round, the baseline twice.
    #[must_use]
    pub fn runs(mut self, rounds: NonZeroUsize) -> Self {
        self.repeat = Repeat::Exactly(rounds.get());
        self
    }

    /// Runs `least` rounds, and more while another is likely to end within `budget`: nine at most.
    #[must_use]
    pub fn runs_within(mut self, least: NonZeroUsize, budget: Duration) -> Self {
        self.repeat = Repeat::Within(least.get(), budget);
        self
    }

    /// Says that the models wait rather than compute: "workers" becomes "at once", what each waits
    /// for at the same time, and no efficiency is told, for one thread may wait for a thousand things.
    #[must_use]
    pub fn waiting(mut self) -> Self {
        self.about.work = Work::Waits;
        self
    }

    /// Adds the model that the others are measured against, usually the serial one.
    ///
    /// `workers` means the same for every model: how many jobs are worked on at once.
    ///
    /// # Panics
    ///
    /// If there is a baseline already.
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

    /// Runs the baseline once per round, because it takes so long. With a single round there is then
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
    /// A job that fails is reported with its error and not run again; the others go on. A remark
    /// that only the run can know is kept by the caller and given to [`Report::note`] afterwards.
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

    /// Runs every model in every round and sums up.
    ///
    /// `progress` hears each run before it starts: the model's name and the number of its run,
    /// from 1. It is not timed.
    pub fn run(mut self, progress: &mut dyn FnMut(&str, usize)) -> Report<A> {
        // Answers may be large: each is kept once, however many models and runs give it.
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
