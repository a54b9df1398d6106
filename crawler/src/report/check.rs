//! The result of a check: broken and redirected links, slow pages, and pages that were not read to their end.
//!
//! The view `broken` of the state's file is the only definition of a broken link. It is read once, and sorted by
//! target: a target with links on a thousand pages is one entry.

mod writer;

use std::io::Write;

use rusqlite::params;
use serde::Serialize;

use super::{Error, Failure, Report};
use writer::Writer;

/// The format of a check's report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFormat {
    /// Text for people.
    Text,
    /// One JSON document.
    Json,
    /// A JSON document on each line: one for each entry, and a summary at the end.
    JsonLines,
    /// A line for each broken link.
    Csv,
    /// For programs that show test results: a failed test for each broken target.
    JUnit,
    /// Annotations of GitHub's workflows.
    GitHub,
    /// A table, for a comment or a page.
    Markdown,
}

/// The counts of a check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Broken targets.
    pub broken: u64,
    /// Links to them. Equal links of a page count once.
    pub broken_links: u64,
    /// Redirected targets.
    pub redirected: u64,
    /// Slow pages.
    pub slow: u64,
    /// Pages and sitemaps that a limit cut: a link in the rest may be broken.
    pub cut: u64,
}

/// Where the links to a broken target stand.
const BROKEN_PLACES: &str = "SELECT page, line, col, element FROM temp.found
    WHERE link = ? AND error IS ? ORDER BY rowid LIMIT ?";

/// Where the links to a redirected target stand.
const MOVED_PLACES: &str = "SELECT page, line, col, element FROM temp.moved
    WHERE link = ? ORDER BY rowid LIMIT ?";

/// Places of each target in reports for people, at most.
const SHOWN: u32 = 10;

/// Places of each target in reports for programs, at most. The full count is reported, too.
const MOST: u32 = 10_000;

/// The place of a link.
#[derive(Debug, Serialize)]
struct Place {
    page: Option<String>,
    line: u32,
    column: u32,
    element: String,
}

impl Place {
    /// `http://example.org/page:12:5`, the form of compilers and editors.
    fn text(&self) -> String {
        let page = self.page.as_deref().unwrap_or("the command line");
        match self.line {
            0 => page.to_owned(),
            line => format!("{page}:{line}:{}", self.column),
        }
    }
}

/// An entry of a report.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Entry {
    Broken {
        url: String,
        error: String,
        status: Option<u16>,
        /// The failure may be temporary.
        passing: bool,
        count: u64,
        places: Vec<Place>,
    },
    Redirected {
        url: String,
        target: String,
        count: u64,
        places: Vec<Place>,
    },
    Slow {
        url: String,
        seconds: f64,
    },
    Cut {
        url: String,
        limit: String,
    },
    Summary(Verdict),
}

impl Report {
    /// Writes the result of a check. A page that took longer than `slow` seconds is slow.
    ///
    /// # Errors
    /// If the state can't be read, or the report can't be written.
    pub fn check(
        &self,
        format: CheckFormat,
        slow: f64,
        out: &mut dyn Write,
    ) -> Result<Verdict, Error> {
        let mut writer = Writer::new(format, out);
        let written = self.write_check(&mut writer, slow);
        written.map_err(|failure| self.error(failure))
    }

    fn write_check(&self, writer: &mut Writer<'_>, slow: f64) -> Result<Verdict, Failure> {
        self.gather()?;
        let verdict = self.verdict(slow)?;
        writer.begin(&verdict)?;
        self.broken(writer)?;
        self.redirected(writer)?;
        let sql = "SELECT url, seconds FROM pages JOIN urls USING (id) WHERE seconds > ?
                   ORDER BY seconds DESC";
        self.each(sql, [slow], |row| {
            let (url, seconds) = (row.get(0)?, row.get(1)?);
            Ok(writer.entry("slow", &Entry::Slow { url, seconds })?)
        })?;
        let sql =
            "SELECT url, cut FROM pages JOIN urls USING (id) WHERE cut IS NOT NULL ORDER BY id";
        self.each(sql, [], |row| {
            let (url, limit) = (row.get(0)?, row.get(1)?);
            Ok(writer.entry("cut", &Entry::Cut { url, limit })?)
        })?;
        writer.end(&verdict)?;
        Ok(verdict)
    }

    /// Copies broken and redirected links into temporary tables with indexes.
    fn gather(&self) -> Result<(), Failure> {
        let sql = "
            PRAGMA temp_store = MEMORY;
            DROP TABLE IF EXISTS temp.found;
            CREATE TEMP TABLE found AS SELECT * FROM broken;
            CREATE INDEX temp.found_by_link ON found (link, error);
            DROP TABLE IF EXISTS temp.moved;
            CREATE TEMP TABLE moved AS
                SELECT target.url AS link, final.url AS target, source.url AS page,
                       links.line, links.col, kinds.name AS element
                FROM links JOIN redirects ON redirects.id = links.target
                JOIN urls AS source ON source.id = links.source
                JOIN urls AS target ON target.id = links.target
                JOIN urls AS final ON final.id = redirects.final
                JOIN kinds ON kinds.kind = links.kind
                WHERE links.kind <> 8 AND target.url NOT IN (SELECT link FROM temp.found);
            CREATE INDEX temp.moved_by_link ON moved (link);";
        Ok(self.connection.execute_batch(sql)?)
    }

    fn verdict(&self, slow: f64) -> Result<Verdict, Failure> {
        let mut verdict = Verdict::default();
        let sql = "SELECT (SELECT count(*) FROM (SELECT DISTINCT link, error FROM temp.found)),
                          (SELECT count(*) FROM temp.found),
                          (SELECT count(DISTINCT link) FROM temp.moved),
                          count(*) FILTER (WHERE seconds > ?),
                          count(*) FILTER (WHERE cut IS NOT NULL)
                   FROM pages";
        self.each(sql, [slow], |row| {
            // SQLite's numbers have a sign, counts don't need it.
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            verdict = Verdict {
                broken: count(0)?,
                broken_links: count(1)?,
                redirected: count(2)?,
                slow: count(3)?,
                cut: count(4)?,
            };
            Ok(())
        })?;
        Ok(verdict)
    }

    /// Writes a line for each link.
    fn broken_lines(&self, writer: &mut Writer<'_>) -> Result<(), Failure> {
        let sql = "SELECT link, error, status, passing, page, line, col, element FROM temp.found
                   ORDER BY link, error, rowid";
        self.each(sql, [], |row| {
            let text = |column| row.get::<_, Option<String>>(column);
            let place = Place {
                page: text(4)?,
                line: row.get(5)?,
                column: row.get(6)?,
                element: row.get(7)?,
            };
            let (url, error) = (text(0)?.unwrap_or_default(), text(1)?.unwrap_or_default());
            let passing = row.get::<_, Option<bool>>(3)?.unwrap_or(false);
            Ok(writer.csv(&url, &error, row.get(2)?, passing, &place)?)
        })
    }

    fn broken(&self, writer: &mut Writer<'_>) -> Result<(), Failure> {
        if writer.format() == CheckFormat::Csv {
            return self.broken_lines(writer);
        }
        let sql = "SELECT link, error, max(status), max(passing), count(*) FROM temp.found
                   GROUP BY link, error ORDER BY link, error";
        self.each(sql, [], |row| {
            let (url, error): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let places = self.places(BROKEN_PLACES, params![url, error, writer.places()])?;
            let entry = Entry::Broken {
                url,
                error: error.unwrap_or_else(|| "no answer".to_owned()),
                status: row.get(2)?,
                passing: row.get::<_, Option<bool>>(3)?.unwrap_or(false),
                count: row.get::<_, i64>(4)?.cast_unsigned(),
                places,
            };
            Ok(writer.entry("broken", &entry)?)
        })
    }

    fn redirected(&self, writer: &mut Writer<'_>) -> Result<(), Failure> {
        let sql = "SELECT link, max(target), count(*) FROM temp.moved GROUP BY link ORDER BY link";
        self.each(sql, [], |row| {
            let url: String = row.get(0)?;
            let entry = Entry::Redirected {
                places: self.places(MOVED_PLACES, params![url, writer.places()])?,
                url,
                target: row.get(1)?,
                count: row.get::<_, i64>(2)?.cast_unsigned(),
            };
            Ok(writer.entry("redirected", &entry)?)
        })
    }

    fn places(&self, sql: &str, values: impl rusqlite::Params) -> Result<Vec<Place>, Failure> {
        let mut places = Vec::new();
        self.each(sql, values, |row| {
            places.push(Place {
                page: row.get(0)?,
                line: row.get(1)?,
                column: row.get(2)?,
                element: row.get(3)?,
            });
            Ok(())
        })?;
        Ok(places)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::File;
    use rusqlite::StatementStatus;

    /// A state of `?1` pages. Each has a link to a page that is not there, one to a part that is not there,
    /// and one to a redirect.
    const PAGES: &str = "
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1)
        INSERT INTO urls SELECT i, 'http://a/' || i, 0, 0, 0, NULL FROM n;
        INSERT INTO pages SELECT id, CASE id % 3 WHEN 0 THEN 'page' WHEN 1 THEN 'failed' ELSE 'redirect' END,
            id % 3 = 1, 0, 200, 'text/html', id % 3 = 0, NULL, 0, 0.0, 1, 0, NULL,
            CASE id % 3 WHEN 2 THEN id + 1 END, NULL, 'gone', NULL FROM urls;
        INSERT INTO links SELECT id, 1 + (id * 7 + k.i * 3) % ?1, 0, 1, 1, 'part' FROM urls, (SELECT 0 AS i
            UNION SELECT 1 UNION SELECT 2) AS k;
        INSERT INTO fragments VALUES ('part', 'part', 'part');
        INSERT INTO ids SELECT id, 'other' FROM urls;";

    /// How many steps SQLite takes for a report of this number of pages.
    fn steps(pages: u32) -> i64 {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crawl.db");
        drop(File::create(&path).unwrap());
        let report = Report::open(&path).unwrap();
        for sql in PAGES.split_inclusive(';') {
            let sql = sql.replace("?1", &pages.to_string());
            report.connection.execute_batch(&sql).unwrap();
        }
        let mut out = Vec::new();
        let verdict = report.check(CheckFormat::Json, 1.0, &mut out).unwrap();
        assert!(verdict.broken > 0 && verdict.redirected > 0);
        let taken = |sql: &str| {
            let mut statement = report.connection.prepare_cached(sql).unwrap();
            if statement.parameter_count() == 0 {
                let mut rows = statement.query([]).unwrap();
                while rows.next().unwrap().is_some() {}
            }
            i64::from(statement.get_status(StatementStatus::VmStep))
        };
        [
            BROKEN_PLACES,
            MOVED_PLACES,
            "SELECT * FROM broken",
            "SELECT * FROM redirects",
        ]
        .map(taken)
        .iter()
        .sum()
    }

    #[test]
    fn a_report_costs_as_much_as_its_links() {
        let (some, more) = (steps(900), steps(3600));
        assert!(
            more < 6 * some,
            "{some} steps, and {more} for four times as many links"
        );
    }
}
