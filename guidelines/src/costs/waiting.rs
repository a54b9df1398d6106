//! The memory of many tasks, threads or processes that wait.

use crate::book::Section;
use crate::figure::{Figure, Unit};
use crate::machine::thread_limits;
use crate::sample::Run;
use crate::wait::{self, Kind, Waiting};
use std::io;

/// How many wait.
pub const MANY: usize = 10_000;

/// The number of waiting processes. What each takes does not depend on their number.
pub const PROCESSES: usize = 100;

/// How often it is measured, each time in a fresh process.
const ROUNDS: usize = 3;

/// Two sections: resident memory of each, and page tables of each. The third result is the memory of
/// tokio's runtime itself.
///
/// # Errors
///
/// Only if the user asked to stop.
pub fn measure(run: &Run<'_>) -> io::Result<Vec<Section>> {
    let mut resident = Section::new(
        "memory",
        "Memory of one that waits, of 10,000",
        "Resident memory without that of the runtime, divided by 10,000. Each figure is measured in a \
         new process. For the row of processes only 100 are started: most machines have no memory \
         for 10,000.",
    );
    let mut tables = Section::new(
        "tables",
        "Page tables of one that waits, of 10,000",
        "The kernel's tables for the memory above, which does not include them. Neither includes the \
         kernel's own stack for each thread and process (16 KiB on most systems).",
    );
    let mut all: Vec<Vec<io::Result<Waiting>>> = Vec::new();
    for _ in 0..=Kind::ALL.len() {
        all.push(Vec::new());
    }
    for round in 1..=run.at_most(ROUNDS) {
        for (kind, measured) in Kind::ALL.into_iter().zip(&mut all) {
            run.step(&format!(
                "memory of {MANY}: {}, round {round}",
                kind.title()
            ))?;
            measured.push(wait::measure(kind, MANY, run));
        }
        run.step(&format!("memory of {PROCESSES} processes, round {round}"))?;
        all[Kind::ALL.len()].push(wait::processes(PROCESSES));
    }
    let names = Kind::ALL.map(|kind| (kind.name(), kind.title()));
    let names = names.into_iter().chain([("process", "a process")]);
    for ((name, title), measured) in names.zip(all) {
        let measured: io::Result<Vec<Waiting>> = measured.into_iter().collect();
        let figure = |part: fn(&Waiting) -> f64| match &measured {
            Ok(measured) => Figure::of(Unit::Bytes, measured.iter().map(part))
                .ok_or_else(|| "not measured".to_owned()),
            Err(error) => Err(error.to_string()),
        };
        let id = format!("memory/{name}");
        resident.add(&id, title, figure(Waiting::resident_each));
        if name == "process" {
            resident.remark(&id, &format!("of {PROCESSES} that were started"));
        }
        if let Some(refused) = measured.iter().flatten().find(|it| it.refused.is_some()) {
            resident.remark(&id, &told(refused));
        }
        tables.add(
            &format!("tables/{name}"),
            title,
            figure(Waiting::tables_each),
        );
        if name == Kind::Tokio.name() {
            let title = "tokio's runtime itself";
            resident.add("memory/tokio-runtime", title, figure(Waiting::runtime));
        }
    }
    Ok(vec![resident, tables])
}

/// A remark, if the system refused some of them.
fn told(waiting: &Waiting) -> String {
    let said = waiting.refused.as_deref().unwrap_or("no more");
    let limits = thread_limits().join(", ");
    format!(
        "only {} of them: the system said \"{said}\" ({limits})",
        waiting.count
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::Memory;

    #[test]
    fn what_a_limit_forbids_is_told() {
        let waiting = Waiting {
            before: Memory::default(),
            ready: Memory::default(),
            full: Memory::default(),
            count: 4093,
            refused: Some("Resource temporarily unavailable (os error 11)".to_owned()),
        };
        let told = told(&waiting);
        assert!(
            told.starts_with("only 4093 of them: the system said \"Resource"),
            "{told}"
        );
    }
}
