//! All that was measured: figures by their ids, in sections.

use crate::figure::Figure;
use crate::sample::Measured;
use serde::{Deserialize, Serialize};

/// Figures that belong together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Section {
    /// Its name: the first part of its figures' ids.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// A description of the measurement, and what to look for.
    pub caption: String,
    /// The figures.
    pub rows: Vec<Row>,
}

/// A figure, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Its id: `start/thread`.
    pub id: String,
    /// The name that is shown.
    pub title: String,
    /// The figure.
    pub figure: Option<Figure>,
    /// A remark, such as the reason why there is no figure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
}

/// All sections.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Book {
    /// In the order in which they are shown.
    pub sections: Vec<Section>,
}

impl Section {
    /// A section without figures yet.
    pub fn new(id: &str, title: &str, caption: &str) -> Section {
        Section {
            id: id.to_owned(),
            title: title.to_owned(),
            caption: caption.to_owned(),
            rows: Vec::new(),
        }
    }

    /// Adds what probes came to; `titles` name each by its id.
    pub fn add_all(&mut self, measured: Vec<Measured>, titles: &[(&str, &str)]) {
        for (id, figure) in measured {
            let title = titles.iter().find(|(known, _)| *known == id);
            self.add(id, title.map_or(id, |(_, title)| title), figure);
        }
    }

    /// Adds a figure, or the reason why there is none.
    pub fn add(&mut self, id: &str, title: &str, figure: Result<Figure, String>) {
        let (figure, remark) = match figure {
            Ok(figure) => (Some(figure), None),
            Err(reason) => (None, Some(reason)),
        };
        self.rows.push(Row {
            id: id.to_owned(),
            title: title.to_owned(),
            figure,
            remark,
        });
    }

    /// Adds the figures of the same section, measured again later.
    pub fn again(&mut self, later: &Section) {
        for row in &mut self.rows {
            let later = later.rows.iter().find(|it| it.id == row.id);
            if let (Some(figure), Some(later)) = (row.figure, later.and_then(|it| it.figure)) {
                row.figure = Some(figure.with(&later));
            }
        }
    }

    /// Adds to what is said of a figure.
    pub fn remark(&mut self, id: &str, text: &str) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.remark = Some(match row.remark.take() {
                Some(before) => format!("{before}; {text}"),
                None => text.to_owned(),
            });
        }
    }
}

impl Book {
    /// A figure by its id, if it was measured.
    pub fn figure(&self, id: &str) -> Option<&Figure> {
        self.row(id)?.figure.as_ref()
    }

    /// The row with an id.
    pub fn row(&self, id: &str) -> Option<&Row> {
        self.rows().find(|row| row.id == id)
    }

    /// All figures.
    pub fn rows(&self) -> impl Iterator<Item = &Row> {
        self.sections.iter().flat_map(|section| &section.rows)
    }
}
