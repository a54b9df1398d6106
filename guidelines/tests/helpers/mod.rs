//! Shared by the tests of the command.

use guidelines::book::{Book, Section};
use guidelines::figure::{Figure, Unit};
use guidelines::machine::Machine;
use guidelines::report::Report;
use std::path::{Path, PathBuf};

/// Figures as `matklad/benchmarks` has them, times a factor.
pub fn report(folder: &Path, name: &str, factor: f64, busy: &[&str]) -> PathBuf {
    let mut section = Section::new("start", "start", "start");
    for (id, value) in [
        ("start/call", 1e-9),
        ("start/rayon-join", 50e-9),
        ("start/tokio-task", 0.3e-6),
        ("start/pool-closure", 4.6e-6),
        ("start/thread", 12e-6),
        ("start/process-job", 30e-6),
        ("start/process", 540e-6),
        ("hand-over/process-job", 1e-3),
    ] {
        let runs = [value * factor; 3];
        section.add(id, id, Ok(Figure::of(Unit::Seconds, runs).unwrap()));
    }
    let machine = Machine {
        cpus: "a machine of four CPUs".to_owned(),
        usable: 4,
        ..Machine::default()
    };
    let busy = busy.iter().map(|it| (*it).to_owned()).collect();
    let book = Book {
        sections: vec![section],
    };
    let report = Report::new(machine, busy, 1.0, book, Vec::new());
    let path = folder.join(name);
    std::fs::write(&path, serde_json::to_vec(&report).unwrap()).unwrap();
    path
}
