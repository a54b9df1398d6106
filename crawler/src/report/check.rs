//! What the links of a site came to: broken, redirected; and pages that were slow, or not read to their
//! end.
//!
//! What is broken is defined once, by the view `broken` of the state's file. Here it is looked at once,
//! and put in the order of the targets: so a target that a thousand pages link to is one entry.

mod writer;

use std::io::Write;

use rusqlite::params;
use serde::Serialize;

use super::{Error, Failure, Report};
use writer::Writer;

/// How the links of a site are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CheckFormat {
    /// For people.
    Text,
    /// One JSON document.
    Json,
    /// A JSON document a line: an entry each, and a summary at the end.
    JsonLines,
    /// A line for each link that is broken.
    Csv,
    /// For programs that show test results: a failed test for each target that is broken.
    JUnit,
    /// Annotations of GitHub's workflows.
    GitHub,
    /// A table, for a comment or a page.
    Markdown,
}

/// What the links of a site came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// Targets that should be linked to by nobody.
    pub broken: u64,
    /// Links that lead there, a page's equal ones counted once.
    pub broken_links: u64,
    /// Targets that lead somewhere else than they say.
    pub redirected: u64,
    /// Pages that took long.
    pub slow: u64,
    /// Pages that were not read to their end because of a limit: a link in the rest may be broken.
    pub cut: u64,
}

/// Places that people are shown of each target.
const SHOWN: u32 = 10;

/// Places that programs are told of each target: their number is told as well.
const MOST: u32 = 10_000;

/// Where a link stands.
#[derive(Debug, Serialize)]
struct Place {
    page: Option<String>,
    line: u32,
    column: u32,
    element: String,
}

impl Place {
    /// `http://example.org/page:12:5`, as compilers and editors have it.
    fn text(&self) -> String {
        let page = self.page.as_deref().unwrap_or("the command line");
        match self.line {
            0 => page.to_owned(),
            line => format!("{page}:{line}:{}", self.column),
        }
    }
}

/// Something that is told.
#[derive(Debug, Serialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Entry {
    Broken {
        url: String,
        error: String,
        status: Option<u16>,
        /// It may be there another time.
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
    /// Writes what the links came to. A page that took longer than `slow` seconds is slow.
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

    /// Puts what is broken and what is redirected into tables of this connection.
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

    /// A line for each link, however many there are.
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
        let places = "SELECT page, line, col, element FROM temp.found WHERE link = ? AND error IS ?
                      ORDER BY rowid LIMIT ?";
        self.each(sql, [], |row| {
            let (url, error): (String, Option<String>) = (row.get(0)?, row.get(1)?);
            let places = self.places(places, params![url, error, writer.places()])?;
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
        let places = "SELECT page, line, col, element FROM temp.moved WHERE link = ?
                      ORDER BY rowid LIMIT ?";
        self.each(sql, [], |row| {
            let url: String = row.get(0)?;
            let entry = Entry::Redirected {
                places: self.places(places, params![url, writer.places()])?,
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
