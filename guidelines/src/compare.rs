//! Compares two reports: of two machines, or of one machine at two times.

use crate::figure::{Beside, Figure};
use crate::report::Report;
use serde::Serialize;

/// A figure in both reports.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Pair {
    /// Its id.
    pub id: String,
    /// The name that is shown.
    pub title: String,
    /// The figure in the first report.
    pub first: Figure,
    /// The figure in the second report.
    pub second: Figure,
    /// Whether the ranges overlap: then the difference may be noise.
    pub agrees: bool,
}

/// Two reports, compared.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Comparison {
    /// The figures that both have.
    pub pairs: Vec<Pair>,
    /// Those that only one of them has.
    pub only_one: Vec<String>,
    /// Decisions that differ: the question, and the advice of each.
    pub decided_otherwise: Vec<[String; 3]>,
    /// The signs that a machine was busy.
    pub busy: Vec<String>,
}

/// Compares all figures and cross-overs by their ids.
pub fn compare(first: &Report, second: &Report) -> Comparison {
    let (of_first, of_second) = (figures(first), figures(second));
    let mut pairs = Vec::new();
    let mut only_one = Vec::new();
    for (id, title, figure) in &of_first {
        match of_second.iter().find(|(other, _, _)| other == id) {
            Some((_, _, other)) if other.unit == figure.unit => pairs.push(Pair {
                id: id.clone(),
                title: title.clone(),
                first: *figure,
                second: *other,
                agrees: figure.beside(other) == Beside::Close,
            }),
            _ => only_one.push(id.clone()),
        }
    }
    let missing = of_second
        .iter()
        .filter(|(id, _, _)| !of_first.iter().any(|(it, _, _)| it == id));
    only_one.extend(missing.map(|(id, _, _)| id.clone()));
    let mut decided_otherwise = Vec::new();
    for decision in &first.decisions {
        let other = second
            .decisions
            .iter()
            .find(|other| other.id == decision.id);
        if let Some(other) = other.filter(|other| other.advice != decision.advice) {
            let texts = [&decision.question, &decision.advice, &other.advice];
            decided_otherwise.push(texts.map(String::clone));
        }
    }
    let busy = [("the first", first), ("the second", second)];
    let busy = busy.iter().flat_map(|(which, report)| {
        let seen = report.busy.iter();
        seen.map(move |seen| format!("{which} machine was busy {seen}"))
    });
    Comparison {
        pairs,
        only_one,
        decided_otherwise,
        busy: busy.collect(),
    }
}

fn figures(report: &Report) -> Vec<(String, String, Figure)> {
    let rows = report.sections.rows();
    let figures = rows.filter_map(|row| Some((row.id.clone(), row.title.clone(), row.figure?)));
    let crossovers = report.crossovers.iter();
    let crossovers = crossovers.map(|it| (it.id.clone(), it.title.clone(), it.figure()));
    figures.chain(crossovers).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::book::{Book, Section};
    use crate::figure::Unit;
    use crate::machine::Machine;

    fn report(figures: &[(&str, f64)]) -> Report {
        let mut section = Section::new("start", "start", "start");
        for &(id, value) in figures {
            section.add(id, id, Ok(Figure::exactly(Unit::Seconds, value)));
        }
        let book = Book {
            sections: vec![section],
        };
        Report::new(Machine::default(), Vec::new(), 1.0, book, Vec::new())
    }

    #[test]
    fn figures_agree_whose_ranges_overlap() {
        let first = report(&[
            ("start/thread", 10e-6),
            ("start/process", 500e-6),
            ("old", 1.0),
        ]);
        let mut second = report(&[
            ("start/thread", 10.4e-6),
            ("start/process", 700e-6),
            ("new", 1.0),
        ]);
        second.busy = vec!["before: other programs kept 0.9 of 2 CPUs busy".to_owned()];
        let comparison = compare(&first, &second);
        let agrees: Vec<_> = comparison
            .pairs
            .iter()
            .map(|it| (it.id.as_str(), it.agrees))
            .collect();
        assert_eq!(agrees, [("start/thread", true), ("start/process", false)]);
        assert_eq!(comparison.only_one, ["old", "new"]);
        assert_eq!(
            comparison.busy,
            ["the second machine was busy before: other programs kept 0.9 of 2 CPUs busy"]
        );
    }
}
