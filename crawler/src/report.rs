//! What the state of a crawl has to tell: pages, broken links, the graph of links.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Row};

use crate::store;

/// What is reported, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A line a page, for people.
    Pages,
    /// Broken links by the page they stand in, then those that are redirected, then slow pages.
    Broken,
    /// The graph of links, for Graphviz.
    Dot,
    /// The graph of links, for Gephi, yEd and others.
    GraphMl,
    /// A line of JSON a page.
    JsonLines,
    /// A line a page, for spreadsheets.
    Csv,
    /// The pages that are there, as a sitemap.
    Sitemap,
}

/// Why there is no report.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The state can't be read.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The report can't be written.
    #[error(transparent)]
    Write(#[from] io::Error),
}

/// What the links of a site came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// Links that lead nowhere, each as often as it stands somewhere.
    pub broken: u64,
    /// Links that lead somewhere else than they say.
    pub redirected: u64,
    /// Pages that took long.
    pub slow: u64,
}

/// The state of a crawl, to be read.
#[derive(Debug)]
pub struct Report {
    path: PathBuf,
    connection: Connection,
}

/// Links that are broken, of which kind, and where they stand. A fragment is checked where the page
/// was read, and is right if it is empty, `top`, a text fragment, or the name of a part
/// (WHATWG HTML, section 7.4.6.4).
const BROKEN: &str = "
    SELECT source.url, target.url || coalesce('#' || links.fragment, ''), kinds.name,
           CASE WHEN target.skipped = 'invalid' THEN 'not a URL'
                WHEN pages.error IS NOT NULL THEN pages.error
                ELSE 'no such part' END
    FROM links
    JOIN urls AS source ON source.id = links.source
    JOIN urls AS target ON target.id = links.target
    JOIN kinds ON kinds.kind = links.kind
    LEFT JOIN pages ON pages.id = links.target
    WHERE links.kind <> 8 AND (
        target.skipped = 'invalid'
        OR target.skipped = 'too-many-redirects'
        OR pages.outcome = 'failed'
        OR pages.status >= 400
        OR links.target IN (SELECT id FROM dead)
        OR (coalesce(links.fragment, '') <> '' AND lower(links.fragment) <> 'top'
            AND links.fragment NOT LIKE ':~:%'
            AND pages.outcome IN ('page', 'alias', 'checked') AND pages.whole AND pages.status < 300
            AND pages.type LIKE 'text/html%'
            AND NOT EXISTS (SELECT 1 FROM ids WHERE ids.page = links.target
                            AND ids.name = links.fragment)))
    ORDER BY links.source, links.rowid";

/// What the crawl began with, if that is broken: no link leads there.
const SEEDS: &str = "
    SELECT url, coalesce(error, 'it leads to what is not there') FROM urls JOIN pages USING (id)
    WHERE depth = 0 AND hops = 0 AND outcome <> 'sitemap'
      AND (outcome = 'failed' OR status >= 400 OR id IN (SELECT id FROM dead))
      AND NOT EXISTS (SELECT 1 FROM links WHERE target = urls.id AND kind <> 8)";

const REDIRECTED: &str = "
    SELECT source.url, target.url, final.url FROM links
    JOIN urls AS source ON source.id = links.source
    JOIN urls AS target ON target.id = links.target
    JOIN pages ON pages.id = links.target AND pages.outcome = 'redirect'
    JOIN urls AS final ON final.id = pages.target
    WHERE links.kind <> 8
    ORDER BY links.source, links.rowid";

const SLOW: &str = "
    SELECT url, seconds FROM pages JOIN urls USING (id) WHERE seconds > ? ORDER BY seconds DESC";

const PAGES: &str = "
    SELECT urls.url, status, urls.depth, bytes, links, error, seconds, type, title, target.url, outcome,
           selected
    FROM pages JOIN urls ON urls.id = pages.id LEFT JOIN urls AS target ON target.id = pages.target
    ORDER BY pages.id";

impl Report {
    /// Opens a state.
    ///
    /// # Errors
    /// If there is none, or it can't be read.
    pub fn open(path: &Path) -> Result<Report, Error> {
        let connection = store::open(path)?;
        let error = |reason| store::Error::Sqlite {
            path: path.to_owned(),
            reason,
        };
        dead_redirects(&connection).map_err(error)?;
        Ok(Report {
            path: path.to_owned(),
            connection,
        })
    }

    fn each(
        &self,
        sql: &str,
        values: impl rusqlite::Params,
        mut tell: impl FnMut(&Row<'_>) -> Result<io::Result<()>, rusqlite::Error>,
    ) -> Result<(), Error> {
        let error = |reason| store::Error::Sqlite {
            path: self.path.clone(),
            reason,
        };
        let mut rows = self.connection.prepare(sql).map_err(error)?;
        let mut rows = rows.query(values).map_err(error)?;
        while let Some(row) = rows.next().map_err(error)? {
            tell(row).map_err(error)??;
        }
        Ok(())
    }

    /// Writes a report.
    ///
    /// # Errors
    /// If the state can't be read, or the report can't be written.
    pub fn write(&self, format: Format, out: &mut dyn Write) -> Result<(), Error> {
        match format {
            Format::Pages => self.pages(out),
            Format::Broken => self.check(f64::INFINITY, out).map(drop),
            Format::Dot => self.dot(out),
            Format::GraphMl => self.graphml(out),
            Format::JsonLines => self.json_lines(out),
            Format::Csv => self.csv(out),
            Format::Sitemap => self.sitemap(out),
        }
    }

    /// Broken links by the page they stand in, those that are redirected, and pages that took longer
    /// than so many seconds.
    ///
    /// # Errors
    /// If the state can't be read, or the report can't be written.
    pub fn check(&self, slow: f64, out: &mut dyn Write) -> Result<Verdict, Error> {
        let mut verdict = Verdict::default();
        let mut page = String::new();
        self.each(SEEDS, [], |row| {
            let [url, reason] = texts(row)?;
            verdict.broken += 1;
            Ok(writeln!(
                out,
                "{url}\n  broken, and the crawl began there: {reason}"
            ))
        })?;
        self.each(BROKEN, [], |row| {
            let [source, link, kind, reason] = texts(row)?;
            verdict.broken += 1;
            let written = heading(out, &mut page, source);
            Ok(written.and_then(|()| writeln!(out, "  broken <{kind}> {link}: {reason}")))
        })?;
        page.clear();
        self.each(REDIRECTED, [], |row| {
            let [source, link, place] = texts(row)?;
            verdict.redirected += 1;
            let written = heading(out, &mut page, source);
            Ok(written.and_then(|()| writeln!(out, "  redirected {link} -> {place}")))
        })?;
        self.each(SLOW, [slow], |row| {
            verdict.slow += 1;
            let (url, seconds): (String, f64) = (row.get(0)?, row.get(1)?);
            Ok(writeln!(out, "{url}\n  slow: {seconds:.1} s"))
        })?;
        Ok(verdict)
    }

    fn pages(&self, out: &mut dyn Write) -> Result<(), Error> {
        self.each(PAGES, [], |row| {
            let status: Option<u16> = row.get(1)?;
            let status = status.map_or("---".to_owned(), |status| status.to_string());
            let (url, bytes, outcome): (String, i64, String) =
                (row.get(0)?, row.get(3)?, row.get(10)?);
            let error: Option<String> = row.get(5)?;
            let target: Option<String> = row.get(9)?;
            let more = match (error, target) {
                (Some(error), _) => format!("  {error}"),
                (None, Some(target)) => format!("  -> {target}"),
                (None, None) => String::new(),
            };
            Ok(writeln!(out, "{status} {outcome:8} {bytes:>9} {url}{more}"))
        })
    }

    fn json_lines(&self, out: &mut dyn Write) -> Result<(), Error> {
        self.each(PAGES, [], |row| {
            let selected: Option<String> = row.get(11)?;
            let selected = selected.and_then(|text| serde_json::from_str(&text).ok());
            let page = store::PageSummary {
                url: row.get(0)?,
                status: row.get(1)?,
                depth: row.get(2)?,
                bytes: row.get::<_, i64>(3)?.cast_unsigned(),
                links: usize::try_from(row.get::<_, i64>(4)?).unwrap_or(0),
                error: row.get(5)?,
                seconds: row.get(6)?,
                content_type: row.get(7)?,
                title: row.get(8)?,
                target: row.get(9)?,
                selected: selected.unwrap_or_default(),
            };
            let line = serde_json::to_string(&page).map_err(io::Error::other);
            Ok(line.and_then(|line| writeln!(out, "{line}")))
        })
    }

    fn csv(&self, out: &mut dyn Write) -> Result<(), Error> {
        write!(
            out,
            "url,outcome,status,depth,bytes,links,seconds,type,title,target,error\r\n"
        )?;
        self.each(PAGES, [], |row| {
            let text = |column| -> Result<String, rusqlite::Error> {
                use rusqlite::types::ValueRef;
                Ok(match row.get_ref(column)? {
                    ValueRef::Null => String::new(),
                    ValueRef::Integer(number) => number.to_string(),
                    ValueRef::Real(number) => format!("{number:.6}"),
                    ValueRef::Text(text) | ValueRef::Blob(text) => {
                        quoted(&String::from_utf8_lossy(text))
                    }
                })
            };
            let columns = [0, 10, 1, 2, 3, 4, 6, 7, 8, 9, 5];
            let fields: Vec<String> = columns.into_iter().map(text).collect::<Result<_, _>>()?;
            Ok(write!(out, "{}\r\n", fields.join(",")))
        })
    }

    fn sitemap(&self, out: &mut dyn Write) -> Result<(), Error> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"
        )?;
        let sql = "SELECT url FROM pages JOIN urls USING (id) WHERE outcome = 'page'
                   AND status BETWEEN 200 AND 299 AND type LIKE 'text/html%' ORDER BY id LIMIT ?";
        self.each(sql, [crate::sitemap::ENTRIES as i64], |row| {
            let url: String = row.get(0)?;
            Ok(writeln!(out, "<url><loc>{}</loc></url>", escaped(&url)))
        })?;
        Ok(writeln!(out, "</urlset>")?)
    }

    fn dot(&self, out: &mut dyn Write) -> Result<(), Error> {
        writeln!(out, "digraph links {{")?;
        self.each("SELECT id, url FROM urls ORDER BY id", [], |row| {
            let (id, url): (i64, String) = (row.get(0)?, row.get(1)?);
            let url = url.replace('\\', "\\\\").replace('"', "\\\"");
            Ok(writeln!(out, "  {id} [label=\"{url}\"];"))
        })?;
        self.each("SELECT DISTINCT source, target FROM links", [], |row| {
            let (source, target): (i64, i64) = (row.get(0)?, row.get(1)?);
            Ok(writeln!(out, "  {source} -> {target};"))
        })?;
        Ok(writeln!(out, "}}")?)
    }

    fn graphml(&self, out: &mut dyn Write) -> Result<(), Error> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">"
        )?;
        for (id, of, kind) in [
            ("url", "node", "string"),
            ("status", "node", "int"),
            ("element", "edge", "string"),
        ] {
            writeln!(
                out,
                "<key id=\"{id}\" for=\"{of}\" attr.name=\"{id}\" attr.type=\"{kind}\"/>"
            )?;
        }
        writeln!(out, "<graph edgedefault=\"directed\">")?;
        let sql = "SELECT urls.id, url, status FROM urls LEFT JOIN pages USING (id) ORDER BY id";
        self.each(sql, [], |row| {
            let (id, url, status): (i64, String, Option<u16>) =
                (row.get(0)?, row.get(1)?, row.get(2)?);
            let status = status.map_or(String::new(), |status| {
                format!("<data key=\"status\">{status}</data>")
            });
            let url = escaped(&url);
            Ok(writeln!(
                out,
                "<node id=\"n{id}\"><data key=\"url\">{url}</data>{status}</node>"
            ))
        })?;
        let sql = "SELECT DISTINCT source, target, name FROM links JOIN kinds USING (kind)";
        self.each(sql, [], |row| {
            let (source, target, kind): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            Ok(writeln!(
                out,
                "<edge source=\"n{source}\" target=\"n{target}\"><data key=\"element\">{kind}</data></edge>"
            ))
        })?;
        Ok(writeln!(out, "</graph>\n</graphml>")?)
    }
}

/// Writes the page in which what follows stands, unless that is the one before.
fn heading(out: &mut dyn Write, last: &mut String, page: String) -> io::Result<()> {
    if page != *last {
        writeln!(out, "{page}")?;
        *last = page;
    }
    Ok(())
}

fn texts<const N: usize>(row: &Row<'_>) -> Result<[String; N], rusqlite::Error> {
    let mut texts = [const { String::new() }; N];
    for (column, text) in texts.iter_mut().enumerate() {
        *text = row.get(column)?;
    }
    Ok(texts)
}

/// Notes which redirects end at a page that is not there.
fn dead_redirects(connection: &Connection) -> Result<(), rusqlite::Error> {
    // A redirect is as dead as the page at its end: how many hops away that is, only a walk tells.
    connection.execute_batch(
        "CREATE TEMP TABLE dead AS
         WITH RECURSIVE walk(start, at, hops) AS (
             SELECT id, target, 1 FROM pages WHERE outcome = 'redirect'
             UNION ALL
             SELECT start, pages.target, walk.hops + 1 FROM walk
             JOIN pages ON pages.id = walk.at AND pages.outcome = 'redirect'
             WHERE walk.hops <= 12)
         SELECT DISTINCT start AS id FROM walk
         LEFT JOIN pages ON pages.id = walk.at
         LEFT JOIN urls ON urls.id = walk.at
         WHERE walk.hops > 12 OR pages.outcome = 'failed' OR pages.status >= 400
               OR urls.skipped IN ('invalid', 'too-many-redirects');",
    )?;
    Ok(())
}

/// A field of CSV (RFC 4180). What a spreadsheet would take for a formula is made a text.
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

/// Text in XML. What may not stand there at all, not even escaped, becomes U+FFFD.
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
