//! The whole measurement, or the part that `choose` needs.

use crate::book::{Book, Section};
use crate::costs::{Kit, hand_over, items, latency, start, switch, waiting};
use crate::crossover::{self, Crossover, chunk, result_size, simd, stealing, two_workers};
use crate::machine::{Lookout, Machine};
use crate::report::Report;
use crate::sample::Run;
use crate::{cluster, python};
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// Rounds of what is short, and how long a sample of it is.
pub const ROUNDS: usize = 9;
/// See [`ROUNDS`].
pub const SAMPLE: Duration = Duration::from_millis(6);

/// Which parts are measured, and how often.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Everything, not only the part that `choose` needs.
    pub all: bool,
    /// Python's too.
    pub python: bool,
    /// How many times each thing is measured: at most [`ROUNDS`].
    pub rounds: usize,
    /// A file with the figures of the room `cluster`.
    pub cluster: Option<PathBuf>,
}

/// Measures, and decides.
///
/// # Errors
///
/// If the user asked to stop; if the system refuses threads, processes or sockets.
pub fn measure(options: &Options, run: &Run<'_>) -> io::Result<Report> {
    let start = Instant::now();
    run.step("is the machine quiet?")?;
    let cluster = cluster::section(options.cluster.as_deref())?;
    let machine = Machine::detect();
    let lookout = Lookout::start();
    let (sections, crossovers) = figures(options, run, cluster)?;
    run.step("is the machine still quiet?")?;
    let busy = lookout.finish();
    let took = start.elapsed().as_secs_f64();
    let sections = Book { sections };
    Ok(Report::new(machine, busy, took, sections, crossovers))
}

/// All pools have ended when this returns, so their CPU time counts as ours.
fn figures(
    options: &Options,
    run: &Run<'_>,
    cluster: Section,
) -> io::Result<(Vec<Section>, Vec<Crossover>)> {
    let kit = Kit::new()?;
    let speed = two_workers::steps_per_second();
    // Half of the rounds now, and half at the end: what changes within a minute is in the ranges.
    let later = run.with_rounds(run.rounds / 2);
    let now = run.with_rounds(run.rounds - later.rounds);
    let (mut sections, mut crossovers) = fickle(options, &kit, &now, speed)?;
    if options.all {
        sections.push(items::measure(&kit, run)?);
        sections.extend(latency::measure(run, speed)?);
        crossovers.push(result_size::measure(&kit, run)?);
        crossovers.extend(chunk::measure(run, speed)?);
        crossovers.push(stealing::measure(&kit, run, speed)?);
        let (crossover, gains) = simd::measure(&kit, run)?;
        crossovers.push(crossover);
        sections.push(gains);
    }
    if later.rounds > 0 {
        let (again, crossed) = fickle(options, &kit, &later, speed)?;
        sections
            .iter_mut()
            .zip(&again)
            .for_each(|(one, again)| one.again(again));
        crossovers
            .iter_mut()
            .zip(&crossed)
            .for_each(|(one, again)| one.again(again));
    }
    drop(kit);
    // At the end: the system is busy for a while with the end of 10,000 threads.
    let before = sections.iter().position(|it| it.id == "hand-over");
    let memory = waiting::measure(run)?;
    sections.splice(before.unwrap_or(0)..before.unwrap_or(0), memory);
    let book = Book { sections };
    if let Some(by_memory) = crossover::waiting::by_memory(&book) {
        let by_time = crossovers.iter().position(|it| it.id == "waiting/time");
        crossovers.insert(by_time.map_or(0, |at| at + 1), by_memory);
    }
    let Book { mut sections } = book;
    if options.python {
        sections.push(python::measure(run)?);
    }
    sections.push(cluster);
    Ok((sections, crossovers))
}

/// The figures that depend on which CPU wakes up, and whether it slept: they differ from minute to minute.
fn fickle(
    options: &Options,
    kit: &Kit,
    run: &Run<'_>,
    speed: f64,
) -> io::Result<(Vec<Section>, Vec<Crossover>)> {
    let mut sections = vec![start::measure(kit, run)?];
    if options.all {
        sections.push(switch::measure(kit, run)?);
    }
    sections.push(hand_over::measure(kit, run)?);
    let mut crossovers = two_workers::measure(kit, run, speed)?;
    crossovers.push(crossover::waiting::by_time(kit, run)?);
    Ok((sections, crossovers))
}
