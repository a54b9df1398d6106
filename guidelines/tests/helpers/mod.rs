//! Shared by the tests of the command.

use guidelines::book::{Book, Section};
use guidelines::figure::{Figure, Unit};
use guidelines::machine::Machine;
use guidelines::report::Report;
use std::path::{Path, PathBuf};

mod figures;

/// Writes a report whose figures are those of [`figures`], times a factor.
pub fn report(folder: &Path, name: &str, factor: f64, busy: &[&str]) -> PathBuf {
    let mut section = Section::new("start", "start", "start");
    for (id, value) in figures::FIGURES {
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
