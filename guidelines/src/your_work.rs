//! Your own function, and from which size on two workers are faster than one.
//!
//! `examples/your_work.rs` is the program to change: it has your function, and calls [`main`].

use crate::crossover::two_workers::speed_up;
use crate::crossover::{About, Crossover, find, sizes};
use crate::figure::{Figure, Unit};
use crate::machine::Lookout;
use crate::sample::Run;
use common::cli::{Interrupt, Outcome, interrupt};
use common::text::wrapped;
use serde::Serialize;
use std::hint::black_box;
use std::io::{self, Write};
use std::process::ExitCode;
use std::thread;
use std::time::{Duration, Instant};

/// After a call that takes longer, no larger size is tried.
const LONGEST: Duration = Duration::from_millis(20);

/// No function is called with a larger size.
const LARGEST: usize = 1 << 30;

const ROUNDS: usize = 9;

/// The figures of a function.
#[derive(Clone, Debug, Serialize)]
pub struct YourWork {
    /// The name that is shown.
    pub name: String,
    /// The signs that the machine was busy; empty if it was quiet.
    pub busy: Vec<String>,
    /// How long a call takes at each size, in seconds.
    pub calls: Vec<(usize, Figure)>,
    /// From which size on two workers are faster than one, by rayon's join and by a thread.
    pub crossovers: Vec<Crossover>,
}

/// The `main` of a program that measures a function. It prints the figures; with `--json` as JSON.
pub fn main<T>(name: &str, work: impl Fn(usize) -> T + Sync) -> ExitCode {
    common::cli::main(|| {
        let interrupt = interrupt::install()?;
        let json = std::env::args_os().any(|word| word == "--json");
        let measured = measure(name, work, &interrupt);
        if interrupt.raised() {
            return Ok(Outcome::Interrupted);
        }
        let measured = measured?;
        let mut out = common::cli::stdout();
        match json {
            true => out.json(&measured)?,
            false => out.write_all(measured.text().as_bytes())?,
        }
        out.flush()?;
        Ok(Outcome::Done)
    })
}

/// Calls `work` with sizes 1, 2, 4 and so on, until a call takes 20 ms.
///
/// # Errors
///
/// If the user asked to stop, or the system refuses threads.
pub fn measure<T>(
    name: &str,
    work: impl Fn(usize) -> T + Sync,
    interrupt: &Interrupt,
) -> io::Result<YourWork> {
    let run = Run {
        rounds: ROUNDS,
        sample: Duration::from_millis(2),
        tell: &|_| (),
        stopped: &|| interrupt.raised(),
    };
    let lookout = Lookout::start();
    let call = |size: usize| drop(black_box(work(black_box(size))));
    let calls = calls(&call, &run)?;
    let largest = calls.last().map_or(1, |(size, _)| *size);
    let time = |size: f64| {
        let found = calls.iter().find(|(known, _)| *known == size as usize);
        found.map_or(1e-9, |(_, figure)| figure.median)
    };
    let sizes = sizes(1.0, largest as f64, 2.0);
    let pool = rayon::ThreadPoolBuilder::new()
        .build()
        .map_err(io::Error::other)?;
    let about = |id, title| About {
        id,
        title,
        size: "size",
        ratio: "speed-up: one worker's time over two workers'",
        unit: Unit::Count,
    };
    let rayon = find(
        about("yours/rayon", "rayon's join"),
        &sizes,
        ROUNDS,
        &run,
        |size| {
            let both = || {
                pool.join(|| call(size as usize), || call(size as usize));
                io::Result::Ok(())
            };
            speed_up(time(size), || call(size as usize), both)
        },
    )?;
    let threads = find(
        about("yours/thread", "a thread"),
        &sizes,
        ROUNDS,
        &run,
        |size| {
            let both = || {
                thread::scope(|scope| {
                    thread::Builder::new().spawn_scoped(scope, || call(size as usize))?;
                    call(size as usize);
                    Ok(())
                })
            };
            speed_up(time(size), || call(size as usize), both)
        },
    )?;
    Ok(YourWork {
        name: name.to_owned(),
        calls,
        crossovers: vec![rayon, threads],
        busy: lookout.finish(),
    })
}

/// How long a call takes, at sizes that double.
fn calls(call: &impl Fn(usize), run: &Run<'_>) -> io::Result<Vec<(usize, Figure)>> {
    let mut calls = Vec::new();
    let mut size = 1;
    loop {
        run.step("")?;
        let once = timed(call, size, 1);
        let times = (run.sample.as_secs_f64() / once.max(1e-9)).clamp(1.0, 1e6) as u32;
        let samples = (0..5).map(|_| timed(call, size, times));
        if let Some(figure) = Figure::of(Unit::Seconds, samples) {
            calls.push((size, figure));
        }
        if once >= LONGEST.as_secs_f64() || size >= LARGEST {
            return Ok(calls);
        }
        size *= 2;
    }
}

fn timed(call: &impl Fn(usize), size: usize, times: u32) -> f64 {
    let start = Instant::now();
    (0..times).for_each(|_| call(size));
    start.elapsed().as_secs_f64() / f64::from(times)
}

impl YourWork {
    /// The figures as text.
    pub fn text(&self) -> String {
        let mut text = format!(
            "{}\n\n  {:>13}  {:>10}  range\n",
            self.name, "size", "a call"
        );
        for (size, figure) in &self.calls {
            let size = Unit::Count.human(*size as f64);
            let median = figure.human(figure.median);
            text.push_str(&format!("  {size:>13}  {median:>10}  {}\n", figure.range()));
        }
        text.push_str("\nTwo workers are faster than one:\n");
        for crossover in &self.crossovers {
            let line = format!("  by {}: {}", crossover.title, crossover.place());
            text.push_str(&(wrapped(&line, 80) + "\n"));
        }
        if !self.busy.is_empty() {
            let busy = format!(
                "\nThe machine was busy: {}. Run it again.",
                self.busy.join("; ")
            );
            text.push_str(&(wrapped(&busy, 80) + "\n"));
        }
        text
    }
}
