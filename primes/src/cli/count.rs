//! Counting the primes of a range.

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
use serde_json::json;

use super::algorithm::{self, Algorithm};
use super::args::CountArgs;
use super::model::{self, Kind, Model};

/// Counts once, or compares models.
pub(super) fn run(
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let algorithm = algorithm(args)?;
    let models = model::models(args.model.unwrap_or(Choice::One(Kind::Threads)));
    match &models[..] {
        [model] if run.runs() == NonZeroUsize::MIN => once(model, algorithm, args, run, interrupt),
        models => compare(models, args, run, interrupt),
    }
}

/// What counts: a model, several runs and groups of primes are for the sieve.
fn algorithm(args: &CountArgs) -> anyhow::Result<Algorithm> {
    let plain = args.model.is_none() && args.tuplets == Constellation::Single;
    match args.algorithm {
        Algorithm::Combinatorial if !plain => bail!(Usage(
            "--algorithm combinatorial: counts single primes, without --model".to_owned()
        )),
        Algorithm::Auto if !plain => Ok(Algorithm::Sieve),
        algorithm => Ok(algorithm.for_range(&args.range.range()?)),
    }
}

fn once(
    model: &Model,
    algorithm: Algorithm,
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let range = args.range.range()?;
    let (name, workers) = match algorithm {
        Algorithm::Combinatorial => ("rayon", run.jobs().get()),
        _ => (model.name(), model.workers(run.jobs())),
    };
    let (count, time) = timing::measure(|| match algorithm {
        Algorithm::Combinatorial => algorithm::combinatorial(range.clone(), run, interrupt),
        _ => count(model, range.clone(), args.tuplets, run, interrupt),
    });
    let count = count.map_err(|error| anyhow!(error))?;
    let (start, stop) = range.into_inner();
    let mut out = common::cli::stdout();
    if run.output.json {
        out.json(&json!({
            "start": start,
            "stop": stop,
            "tuplets": args.tuplets.size(),
            "count": count,
            "algorithm": algorithm.name(),
            "model": name,
            "workers": workers,
            "wall_seconds": time.wall.as_secs_f64(),
            "cpu_seconds": time.cpu.total().as_secs_f64(),
        }))?;
    } else {
        writeln!(out, "{count}")?;
    }
    out.flush()?;
    if !run.output.quiet {
        common::remark!(
            "{} from {start} to {stop}: {} ({}, {name}, -j {workers}, {:.2} cores busy)",
            args.tuplets.name(),
            human_duration(time.wall),
            algorithm.name(),
            time.cores_busy(),
        );
    }
    Ok(Outcome::Done)
}

fn compare(
    models: &[Model],
    args: &CountArgs,
    run: &RunArgs,
    interrupt: &Interrupt,
) -> anyhow::Result<Outcome> {
    let range = args.range.range()?;
    let comparison = Comparison::new(format!("how many {}?", args.tuplets.name()))
        .input(format!(
            "the numbers from {} to {}",
            range.start(),
            range.end()
        ))
        .agreement("the same count");
    let comparison = compare::once_or_more(comparison, run.runs);
    let comparison = compare::add(comparison, models, run, |model| {
        count(model, range.clone(), args.tuplets, run, interrupt)
    });
    let report = compare::finish(comparison, models, run);
    let count = report.answer().copied();
    let outcome = compare::show(&report, "", run, |json| json["count"] = count.into())?;
    if let Some(count) = count.filter(|_| !run.output.json) {
        let mut out = common::cli::stdout();
        writeln!(out, "count: {count}")?;
        out.flush()?;
    }
    Ok(outcome)
}

/// Counts in a model, with a progress bar.
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
    /// How many numbers the pieces had that are counted.
    done: AtomicU64,
    /// Whether progress is told piece by piece only.
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
        // Also when it is none: it may be time to show the bar.
        self.progress.inc(numbers);
        !self.interrupt.raised()
    }
}
