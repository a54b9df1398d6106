//! A report: everything that was measured and decided. It can be printed, saved and compared.

pub mod html;
mod plots;
mod text;

use crate::book::Book;
use crate::crossover::Crossover;
use crate::decisions::{Decision, decide};
use crate::machine::Machine;
use crate::view::View;
use serde::{Deserialize, Serialize};

/// The version of the JSON: raised when a field changes its meaning.
pub const FORMAT: u32 = 1;

/// A whole measurement.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// The machine.
    pub machine: Machine,
    /// The signs that the machine was busy; empty if it was quiet.
    pub busy: Vec<String>,
    /// How long the measurement took, in seconds.
    pub took: f64,
    /// The figures.
    pub sections: Book,
    /// The cross-overs.
    pub crossovers: Vec<Crossover>,
    /// The workshop's decisions, by these figures.
    pub decisions: Vec<Decision>,
}

impl Report {
    /// A report, with its decisions.
    pub fn new(
        machine: Machine,
        busy: Vec<String>,
        took: f64,
        sections: Book,
        crossovers: Vec<Crossover>,
    ) -> Report {
        let decisions = decide(&View {
            book: &sections,
            crossovers: &crossovers,
            busy: &busy,
        });
        Report {
            format: FORMAT,
            machine,
            busy,
            took,
            sections,
            crossovers,
            decisions,
        }
    }

    /// Reads the JSON of a report.
    ///
    /// # Errors
    ///
    /// If it is not a report, or has another format.
    pub fn read(text: &str) -> Result<Report, String> {
        let value: serde_json::Value =
            serde_json::from_str(text).map_err(|error| format!("not JSON: {error}"))?;
        match value.get("format").and_then(serde_json::Value::as_u64) {
            Some(format) if format == u64::from(FORMAT) => {}
            Some(format) => return Err(format!("format {format}; this program reads {FORMAT}")),
            None => return Err("not a report of guidelines".to_owned()),
        }
        serde_json::from_value(value)
            .map_err(|error| format!("not a report of guidelines: {error}"))
    }

    /// The figures, as the rules read them.
    pub fn view(&self) -> View<'_> {
        View {
            book: &self.sections,
            crossovers: &self.crossovers,
            busy: &self.busy,
        }
    }

    /// The report for a terminal, 80 columns wide.
    pub fn text(&self) -> String {
        text::text(self)
    }

    /// The heading and the decisions only.
    pub fn decisions_text(&self) -> String {
        text::decisions(self)
    }
}
