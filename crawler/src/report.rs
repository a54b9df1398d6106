//! Reports from the state of a crawl: pages, broken links, the graph of links.

mod check;
mod export;
mod tally;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, ErrorCode, InterruptHandle, Row};

use crate::store;
pub use check::{CheckFormat, Verdict};
pub use tally::Tally;

/// The format of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line a page, for people.
    Pages,
    /// The graph of links, for Graphviz.
    Dot,
    /// The graph of links, for Gephi, yEd and others.
    GraphMl,
    /// A line of JSON a page.
    JsonLines,
    /// A line a page, for spreadsheets.
    Csv,
    /// The pages that exist, as a sitemap.
    Sitemap,
    /// The result of a check.
    Check(CheckFormat),
}

/// The reason why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The state can't be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The report can't be written.
    #[error(transparent)]
    Write(#[from] io::Error),
    /// It was interrupted.
    #[error("interrupted: the report is not whole")]
    Interrupted,
}

/// The state of a crawl, for reports.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    connection: Connection,
}

impl Report {
    /// Opens a state.
    ///
    /// # Errors
    /// If there is none, or it can't be read.
    pub fn open(path: &Path) -> Result<Report, Error> {
        Ok(Report {
            path: path.to_owned(),
            connection: store::open(path)?,
        })
    }

    /// A handle that ends a report early, from another thread, with [`Error::Interrupted`].
    pub fn interrupt_handle(&self) -> InterruptHandle {
        self.connection.get_interrupt_handle()
    }

    fn error(&self, failure: Failure) -> Error {
        match failure {
            Failure::Write(error) => Error::Write(error),
            Failure::Sqlite(reason)
                if reason.sqlite_error_code() == Some(ErrorCode::OperationInterrupted) =>
            {
                Error::Interrupted
            }
            Failure::Sqlite(reason) => Error::Store(store::Error::Sqlite {
                path: self.path.clone(),
                reason,
            }),
        }
    }

    /// Calls `tell` with each row.
    fn each(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        mut tell: impl FnMut(&Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut rows = self.connection.prepare_cached(sql)?;
        let mut rows = rows.query(values)?;
        while let Some(row) = rows.next()? {
            tell(row)?;
        }
        Ok(())
    }

    /// Writes a report. A page that took longer than `slow` seconds is slow.
    ///
    /// # Errors
    /// If the state can't be read, or the report can't be written.
    pub fn write(&self, format: Format, slow: f64, out: &mut dyn Write) -> Result<(), Error> {
        let written = match format {
            Format::Pages => self.pages(out),
            Format::Dot => self.dot(out),
            Format::GraphMl => self.graphml(out),
            Format::JsonLines => self.json_lines(out),
            Format::Csv => self.csv(out),
            Format::Sitemap => self.sitemap(out),
            Format::Check(format) => return self.check(format, slow, out).map(drop),
        };
        written.map_err(|failure| self.error(failure))
    }
}

/// An error that ends a report.
enum Failure {
    Sqlite(rusqlite::Error),
    Write(io::Error),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Failure {
        Failure::Sqlite(error)
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Write(error)
    }
}

/// A field of CSV (RFC 4180). A text that a spreadsheet would take for a formula gets a `'`.
fn quoted(text: &str) -> String {
    let safe = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    match safe.contains([',', '"', '\n', '\r']) {
        true => format!("\"{}\"", safe.replace('"', "\"\"")),
        false => safe,
    }
}

/// Text in XML. Characters that XML forbids, even escaped, become U+FFFD.
fn escaped(text: &str) -> String {
    let stands = |it: char| !matches!(it, '\0'..'\t' | '\x0b' | '\x0c' | '\x0e'..' ' | '\u{fffe}' | '\u{ffff}');
    let text: String = text
        .chars()
        .map(|it| if stands(it) { it } else { '\u{fffd}' })
        .collect();
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_and_never_formulas() {
        assert_eq!(quoted("a"), "a");
        assert_eq!(quoted("a,\"b\""), "\"a,\"\"b\"\"\"");
        assert_eq!(quoted("=1+1"), "'=1+1");
    }

    #[test]
    fn what_may_not_stand_in_xml_does_not() {
        assert_eq!(
            escaped("a&<\"\u{1}\t\u{ffff}>"),
            "a&amp;&lt;&quot;\u{fffd}\t\u{fffd}&gt;"
        );
    }
}
