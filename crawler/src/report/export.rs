//! Exports of pages and of the graph of links.

use std::io::{self, Write};

use super::{Failure, Report, escaped, quoted};
use crate::store;

const PAGES: &str = "
    SELECT urls.url, status, urls.depth, bytes, links, error, seconds, type, title, target.url, outcome,
           selected
    FROM pages JOIN urls ON urls.id = pages.id LEFT JOIN urls AS target ON target.id = pages.target
    ORDER BY pages.id";

impl Report {
    pub(super) fn pages(&self, out: &mut dyn Write) -> Result<(), Failure> {
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
            writeln!(out, "{status} {outcome:8} {bytes:>9} {url}{more}")?;
            Ok(())
        })
    }

    pub(super) fn json_lines(&self, out: &mut dyn Write) -> Result<(), Failure> {
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
            serde_json::to_writer(&mut *out, &page).map_err(io::Error::from)?;
            writeln!(out)?;
            Ok(())
        })
    }

    pub(super) fn csv(&self, out: &mut dyn Write) -> Result<(), Failure> {
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
            write!(out, "{}\r\n", fields.join(","))?;
            Ok(())
        })
    }

    pub(super) fn sitemap(&self, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>")?;
        writeln!(
            out,
            "<urlset xmlns=\"http://www.sitemaps.org/schemas/sitemap/0.9\">"
        )?;
        let sql = "SELECT url FROM pages JOIN urls USING (id) WHERE outcome = 'page'
                   AND status BETWEEN 200 AND 299 AND type LIKE 'text/html%' ORDER BY id LIMIT ?";
        self.each(sql, [crate::sitemap::ENTRIES as i64], |row| {
            let url: String = row.get(0)?;
            writeln!(out, "<url><loc>{}</loc></url>", escaped(&url))?;
            Ok(())
        })?;
        Ok(writeln!(out, "</urlset>")?)
    }

    pub(super) fn dot(&self, out: &mut dyn Write) -> Result<(), Failure> {
        writeln!(out, "digraph links {{")?;
        self.each("SELECT id, url FROM urls ORDER BY id", [], |row| {
            let (id, url): (i64, String) = (row.get(0)?, row.get(1)?);
            let url = url.replace('\\', "\\\\").replace('"', "\\\"");
            writeln!(out, "  {id} [label=\"{url}\"];")?;
            Ok(())
        })?;
        self.each("SELECT DISTINCT source, target FROM links", [], |row| {
            let (source, target): (i64, i64) = (row.get(0)?, row.get(1)?);
            writeln!(out, "  {source} -> {target};")?;
            Ok(())
        })?;
        Ok(writeln!(out, "}}")?)
    }

    pub(super) fn graphml(&self, out: &mut dyn Write) -> Result<(), Failure> {
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
            writeln!(
                out,
                "<node id=\"n{id}\"><data key=\"url\">{url}</data>{status}</node>"
            )?;
            Ok(())
        })?;
        let sql = "SELECT DISTINCT source, target, name FROM links JOIN kinds USING (kind)";
        self.each(sql, [], |row| {
            let (source, target, kind): (i64, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
            writeln!(
                out,
                "<edge source=\"n{source}\" target=\"n{target}\"><data key=\"element\">{kind}</data></edge>"
            )?;
            Ok(())
        })?;
        Ok(writeln!(out, "</graph>\n</graphml>")?)
    }
}
