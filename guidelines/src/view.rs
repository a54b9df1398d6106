//! Finds the figures for rules and advice by their ids, in all sections.

use crate::book::Book;
use crate::crossover::Crossover;
use crate::figure::{Figure, Unit};

/// All figures, and whether the machine was busy while they were taken.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// The sections.
    pub book: &'a Book,
    /// The cross-overs.
    pub crossovers: &'a [Crossover],
    /// The signs that the machine was busy; empty if it was quiet.
    pub busy: &'a [String],
}

impl<'a> View<'a> {
    /// A figure with its title, from a section or a cross-over.
    pub fn get(&self, id: &str) -> Option<(Figure, &'a str)> {
        if let Some(row) = self.book.row(id) {
            return Some((row.figure?, &row.title));
        }
        let crossover = self.crossover(id)?;
        Some((crossover.figure(), &crossover.title))
    }

    /// A figure.
    pub fn figure(&self, id: &str) -> Option<Figure> {
        self.get(id).map(|(figure, _)| figure)
    }

    /// A cross-over.
    pub fn crossover(&self, id: &str) -> Option<&'a Crossover> {
        self.crossovers.iter().find(|it| it.id == id)
    }

    /// A figure as text, with its range. For a cross-over that was not found, the reason.
    pub fn words(&self, id: &str) -> String {
        match (self.crossover(id), self.get(id)) {
            (Some(crossover), _) => crossover.place(),
            (None, Some((figure, _))) => figure.to_string(),
            (None, None) => "not measured".to_owned(),
        }
    }

    /// Whether a figure is valid. On a busy machine times are not; memory is.
    pub fn believes(&self, id: &str) -> bool {
        let memory = self
            .figure(id)
            .is_some_and(|figure| figure.unit == Unit::Bytes);
        self.busy.is_empty() || (memory && id != "result-size") || id == "waiting/memory"
    }
}
