//! Runs our program and other people's on the same work.
//!
//! The jobs of a room are data, in a file in the folder `versus`; this file runs them. Every program first runs
//! once, to warm up and to give its answer. Then our program runs in pairs with itself and with each of the
//! others. The two programs of a pair run one directly after the other, and take turns in being first. If the
//! machine becomes slower, both sides of a pair become slower.

mod crawl;
mod executors;
mod fetch;
mod green_threads;
mod mandelbrot;
mod primes;
mod reactor;
pub mod render;
pub mod report;
mod scheduler;
mod thumbnails;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::{anyhow, ensure};
use common::cli::Interrupt;

use crate::child::{Cost, Runner};
use crate::contender::{Contender, Program};
use crate::servers::Load;
use report::{Outcome, Report, Row};

/// A piece of work, and the programs that do it.
#[derive(Clone, Debug)]
pub struct Job {
    /// The name on the command line. Several jobs may share a name.
    pub name: &'static str,
    /// The work, and how many workers do it.
    pub title: String,
    /// The standard input of every program.
    pub input: &'static str,
    /// Our program.
    pub ours: Contender,
    /// Other people's programs.
    pub peers: Vec<Contender>,
}

/// All jobs of all rooms, with `workers` workers where there are several.
pub fn jobs(workers: NonZeroUsize) -> Vec<Job> {
    [
        primes::jobs(workers),
        mandelbrot::jobs(workers),
        executors::jobs(workers),
        thumbnails::jobs(workers),
        scheduler::jobs(),
        green_threads::jobs(),
        fetch::jobs(),
        crawl::jobs(),
    ]
    .concat()
}

/// The jobs whose programs are servers, and the load under which they are measured.
pub fn servers() -> Vec<(Job, Load)> {
    vec![
        (reactor::ping_pong(), Load::PingPong),
        (reactor::idle(), Load::Idle),
    ]
}

/// CPython, which runs one of our scripts.
fn python(name: &'static str, script: &str, args: &[String]) -> Contender {
    Contender {
        name,
        program: Program::Installed {
            name: "python3",
            version: &["--version"],
            // With pyenv `python3` is a script that takes longer to start Python than Python takes
            // to start.
            itself: Some(&["-c", "import sys; print(sys.executable)"]),
        },
        args: [&[script.to_owned()], args].concat(),
        install: "apt-get install python3 (or: brew install python)",
        answer: in_one_line,
    }
}

fn in_one_line(output: &str) -> String {
    output.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The costs of a pair: theirs, then ours.
type Pair = (Cost, Cost);

/// Another program, while the job runs.
struct Opponent {
    row: Row,
    /// `None` if there is nothing to measure.
    path: Option<PathBuf>,
    args: Vec<String>,
    answer: fn(&str) -> String,
    pairs: Vec<Pair>,
}

/// Does a job `pairs` times with our program and each of the others.
///
/// `progress` is called with a description of the next run. After an interrupt the report has the pairs so far.
///
/// # Errors
/// If our own program is missing, fails, or gives two different answers: then there is nothing to compare
/// with. Failures of the others are in the report.
pub fn run(
    job: &Job,
    pairs: NonZeroUsize,
    runner: &dyn Runner,
    interrupt: &Interrupt,
    progress: &mut dyn FnMut(&str),
) -> anyhow::Result<Report> {
    let ours = &job.ours;
    if let Some(set) = thumbnails::Set::of(job.name) {
        progress("making up pictures");
        set.prepare(common::cpus::usable())?;
    }
    progress("ours, to warm up");
    let found = ours
        .program
        .find()
        .map_err(|error| anyhow!("{}: {error}: {}", ours.command(), ours.install))?;
    let warm_up = runner.run(&found.path, &ours.args, job.input)?;
    let race = Race {
        job,
        runner,
        ours: &found.path,
        expected: (ours.answer)(&warm_up.stdout),
    };
    let mut opponents = vec![race.itself()];
    for peer in &job.peers {
        progress(&format!("{}, to warm up", peer.name));
        opponents.push(race.opponent(peer));
    }
    'pairs: for number in 0..pairs.get() {
        for opponent in &mut opponents {
            if opponent.path.is_none() {
                continue;
            }
            progress(&format!("ours beside {}", opponent.row.name));
            let pair = race.pair(opponent, number % 2 == 0);
            // Ctrl-C reaches the programs too, so this pair is not complete.
            if interrupt.raised() {
                break 'pairs;
            }
            opponent.record(pair?);
        }
    }
    let rows = opponents.into_iter().map(|it| (it.row, it.pairs));
    Ok(Report::new(job, race.expected, rows.collect()))
}

/// The common data of all pairs of a job.
struct Race<'a> {
    job: &'a Job,
    runner: &'a dyn Runner,
    ours: &'a Path,
    /// Our first answer.
    expected: String,
}

impl Race<'_> {
    fn itself(&self) -> Opponent {
        let ours = &self.job.ours;
        Opponent {
            row: Row::new("itself", ours),
            path: Some(self.ours.to_owned()),
            args: ours.args.clone(),
            answer: ours.answer,
            pairs: Vec::new(),
        }
    }

    /// Another program, after its warm-up and the check of its answer.
    fn opponent(&self, peer: &Contender) -> Opponent {
        let mut opponent = Opponent {
            row: Row::new(peer.name, peer),
            path: None,
            args: peer.args.clone(),
            answer: peer.answer,
            pairs: Vec::new(),
        };
        match peer.program.find() {
            Ok(found) => {
                opponent.row.version = found.version;
                if let Err(outcome) = self.theirs(&found.path, &opponent) {
                    opponent.row.outcome = outcome;
                } else {
                    opponent.path = Some(found.path);
                }
            }
            Err(error) => {
                opponent.row.outcome = Outcome::Missing {
                    reason: error.to_string(),
                    install: peer.install,
                };
            }
        }
        opponent
    }

    /// Runs ours and an opponent's program, which must be there. The inner error is the
    /// opponent's, the outer one ours.
    fn pair(&self, it: &Opponent, ours_first: bool) -> anyhow::Result<Result<Pair, Outcome>> {
        let Some(path) = &it.path else {
            return Ok(Err(Outcome::NotRun));
        };
        let (theirs, ours) = if ours_first {
            let ours = self.ours()?;
            (self.theirs(path, it), ours)
        } else {
            let theirs = self.theirs(path, it);
            (theirs, self.ours()?)
        };
        Ok(theirs.map(|theirs| (theirs, ours)))
    }

    fn theirs(&self, path: &Path, it: &Opponent) -> Result<Cost, Outcome> {
        let _span = tracing::info_span!("theirs", name = it.row.name).entered();
        let run = self
            .runner
            .run(path, &it.args, self.job.input)
            .map_err(|error| Outcome::Failed(error.to_string()))?;
        let answer = (it.answer)(&run.stdout);
        if answer != self.expected {
            return Err(Outcome::Disagrees(answer));
        }
        Ok(run.cost)
    }

    fn ours(&self) -> anyhow::Result<Cost> {
        let ours = &self.job.ours;
        let _span = tracing::info_span!("ours", name = ours.name).entered();
        let run = self.runner.run(self.ours, &ours.args, self.job.input)?;
        let answer = (ours.answer)(&run.stdout);
        ensure!(
            answer == self.expected,
            "{}: answered {} and then {answer}",
            ours.command(),
            self.expected
        );
        Ok(run.cost)
    }
}

impl Opponent {
    /// Adds a pair. After a failure no more pairs are measured.
    fn record(&mut self, pair: Result<Pair, Outcome>) {
        match pair {
            Ok(pair) => self.pairs.push(pair),
            Err(outcome) => {
                self.row.outcome = outcome;
                self.path = None;
            }
        }
    }
}
