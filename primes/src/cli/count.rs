//! `count`: counts the primes of a range.

use std::io::Write;
use std::num::NonZeroUsize;
use std::ops::RangeInclusive;
use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{anyhow, bail};
use common::cli::compare::{self, Model as _};
use common::cli::{Choice, Interrupt, Outcome, Progress, RunArgs, Usage};
use common::comparison::{Answer, Comparison};
use common::timing::{self, human_duration};
use primes::{Constellation, Job, Watch, job};

use super::algorithm::{self, Algorithm};
use super::args::CountArgs;
use super::model::{self, Kind, Model};

/// Counts once, or compares models.
pub(super) fn run(
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let range = args.range.range()?;
    let algorithm = algorithm(args, &range)?;
    let ways: Vec<Way> = match algorithm {
        Algorithm::Combinatorial => vec![Way::Combinatorial],
        _ => {
            let choice = args.model.unwrap_or(Choice::One(Kind::Threads));
            let models = model::models(choice, &args.broker);
            models.into_iter().map(Way::Sieve).collect()
        }
    };
    let question = Question {
        range,
        what: args.tuplets,
        run,
        interrupt,
    };
    match &ways[..] {
        // With `--json` the document always has the form of a comparison.
        [way] if run.runs() == NonZeroUsize::MIN && !run.output.json => question.once(way),
        ways => question.compare(ways, algorithm),
    }
}

/// Chooses the algorithm. A model, and groups of primes, need the sieve.
fn algorithm(args: &CountArgs, range: &RangeInclusive<u64>) -> anyhow::Result<Algorithm> {
    let plain = args.model.is_none() && args.tuplets == Constellation::Single;
    match args.algorithm {
        Algorithm::Combinatorial if !plain => bail!(Usage(
            "--algorithm combinatorial: counts single primes only, without --model".to_owned()
        )),
        Algorithm::Auto if !plain => Ok(Algorithm::Sieve),
        algorithm => Ok(algorithm.for_range(range)),
    }
}

/// A way to count a range.
pub(super) enum Way {
    /// By the sieve; the model distributes the pieces.
    Sieve(Model),
    /// By the formula, on rayon's threads.
    Combinatorial,
}

impl compare::Model for Way {
    fn name(&self) -> &str {
        match self {
            Way::Sieve(model) => model.name(),
            Way::Combinatorial => "rayon",
        }
    }

    fn workers(&self, jobs: NonZeroUsize) -> usize {
        match self {
            Way::Sieve(model) => model.workers(jobs),
            Way::Combinatorial => jobs.get(),
        }
    }

    fn remark(&self) -> Option<String> {
        match self {
            Way::Sieve(model) => model.remark(),
            Way::Combinatorial => None,
        }
    }
}

/// The question: how many of what are in which range.
struct Question<'a> {
    range: RangeInclusive<u64>,
    what: Constellation,
    run: &'a RunArgs,
    interrupt: &'a Interrupt,
}

impl Question<'_> {
    fn answer(&self, way: &Way) -> Answer<u64> {
        let range = self.range.clone();
        match way {
            Way::Sieve(model) => count(model, range, self.what, self.run, self.interrupt),
            Way::Combinatorial => algorithm::combinatorial(range, self.run, self.interrupt),
        }
    }

    fn once(&self, way: &Way) -> anyhow::Result<Outcome> {
        let (count, time) = timing::measure(|| self.answer(way));
        let count = count.map_err(|error| anyhow!(error))?;
        let mut out = common::cli::stdout();
        writeln!(out, "{count}")?;
        out.flush()?;
        if !self.run.output.quiet {
            let algorithm = match way {
                Way::Sieve(_) => Algorithm::Sieve,
                Way::Combinatorial => Algorithm::Combinatorial,
            };
            common::remark!(
                "{} from {} to {}: {} ({}, {}, -j {}, {:.2} cores busy)",
                self.what.name(),
                self.range.start(),
                self.range.end(),
                human_duration(time.wall),
                algorithm.name(),
                way.name(),
                way.workers(self.run.jobs()),
                time.cores_busy(),
            );
        }
        Ok(Outcome::Done)
    }

    fn compare(&self, ways: &[Way], algorithm: Algorithm) -> anyhow::Result<Outcome> {
        let (start, stop) = (*self.range.start(), *self.range.end());
        let comparison = Comparison::new(format!("how many {}?", self.what.name()))
            .input(format!("the numbers from {start} to {stop}"))
            .agreement("the same count");
        let comparison = match ways {
            [_] => comparison.runs(self.run.runs()),
            _ => compare::once_or_more(comparison, self.run.runs),
        };
        let mut comparison = compare::add(comparison, ways, self.run, |way| self.answer(way));
        if ways.len() == 1 {
            comparison = comparison.baseline_once();
        }
        let report = compare::finish(comparison, ways, self.run);
        let count = report.answer().copied();
        let outcome = compare::show(&report, "", self.run, |json| {
            json["start"] = start.into();
            json["stop"] = stop.into();
            json["tuplets"] = self.what.size().into();
            json["algorithm"] = algorithm.name().into();
            json["count"] = count.into();
        })?;
        if let Some(count) = count.filter(|_| !self.run.output.json) {
            let mut out = common::cli::stdout();
            writeln!(out, "count: {count}")?;
            out.flush()?;
        }
        Ok(outcome)
    }
}

/// Counts by a model, with a progress bar.
pub(super) fn count(
    model: &Model,
    range: RangeInclusive<u64>,
    what: Constellation,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> Answer<u64> {
    let workers = run.jobs();
    let numbers = (range.end() - range.start()).saturating_add(1);
    let counting = Counting {
        progress: Progress::new("counting", numbers, run.output.quiet),
        interrupt,
        total: AtomicU64::new(0),
        done: AtomicU64::new(0),
        by_pieces: model.is_silent(),
    };
    let jobs = job::pieces(range, what, workers).take_while(|_| !interrupt.raised());
    model.run(jobs, workers, &counting)?;
    counting.progress.finish();
    let done = counting.done.into_inner();
    match done < numbers {
        true => Err(format!("interrupted after {done} of {numbers} numbers").into()),
        false => Ok(counting.total.into_inner()),
    }
}

/// A count that is under way.
struct Counting<'a> {
    progress: Progress,
    interrupt: &'a Interrupt,
    total: AtomicU64,
    /// The size of the counted pieces, in numbers.
    done: AtomicU64,
    /// Whether progress is only known piece by piece.
    by_pieces: bool,
}

impl Watch for &Counting<'_> {
    fn done(&self, job: Job, answer: u64) {
        self.total.fetch_add(answer, Ordering::Relaxed);
        if let Job::Count { start, stop, .. } = job {
            let numbers = (stop - start).saturating_add(1);
            self.done.fetch_add(numbers, Ordering::Relaxed);
            if self.by_pieces {
                self.progress.inc(numbers);
            }
        }
    }

    fn go_on(&self, numbers: u64) -> bool {
        // Also for zero numbers: the bar may have to appear now.
        self.progress.inc(numbers);
        !self.interrupt.raised()
    }
}
