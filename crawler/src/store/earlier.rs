//! The state of earlier runs of a crawl.

use std::collections::HashSet;

use rusqlite::Row;
use url::Url;

use super::{Error, File, UrlRow, queued, sqlite};
use crate::seen::Id;

/// The counts of earlier runs.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Pages, and failures.
    pub(crate) pages: u64,
    pub(crate) failed: u64,
    pub(crate) http_errors: u64,
    pub(crate) cut: u64,
    pub(crate) aliases: u64,
    pub(crate) checked: u64,
    pub(crate) robots: u64,
    pub(crate) bytes: u64,
}

impl File {
    /// Calls `tell` with every URL, and the reason if it was left out.
    pub(crate) fn each_url(
        &self,
        mut tell: impl FnMut(Id, &str, Option<&str>),
    ) -> Result<(), Error> {
        let sql = "SELECT id, url, skipped FROM urls ORDER BY id";
        self.each(sql, |row| {
            let skipped = row.get_ref(2)?.as_str_or_null()?;
            tell(row.get(0)?, row.get_ref(1)?.as_str()?, skipped);
            Ok(())
        })
    }

    /// Jobs of the queue that are taken out of order: sitemaps, and targets of redirects.
    pub(crate) fn early(&self) -> Result<Vec<UrlRow>, Error> {
        let sql = "SELECT id, url, depth, hops, role FROM queue WHERE hops > 0 OR role = 1
                   ORDER BY id";
        let mut rows = Vec::new();
        self.each(sql, |row| {
            rows.push(queued(row)?);
            Ok(())
        })?;
        Ok(rows)
    }

    /// Outside pages with a link to one of their parts.
    pub(crate) fn parts(&self) -> Result<HashSet<Id>, Error> {
        let sql = "SELECT target FROM links JOIN urls ON urls.id = target
                   JOIN fragments USING (fragment) WHERE role = 2";
        let mut parts = HashSet::new();
        self.each(sql, |row| {
            parts.insert(row.get(0)?);
            Ok(())
        })?;
        Ok(parts)
    }

    /// Deletes the results of temporary failures, and with `all` those of all broken URLs, so that they are in
    /// the queue again.
    pub(crate) fn ask_again(&self, all: bool) -> Result<(), Error> {
        let what = if all { "broken" } else { "passing" };
        let done = self.connection.execute_batch(&format!(
            "DELETE FROM links WHERE source IN (SELECT id FROM pages WHERE {what});
             DELETE FROM ids WHERE page IN (SELECT id FROM pages WHERE {what});
             DELETE FROM pages WHERE {what};"
        ));
        done.map_err(sqlite(&self.path))
    }

    /// The targets of redirects from seeds.
    pub(crate) fn moved_seeds(&self) -> Result<Vec<Url>, Error> {
        let sql = "SELECT target.url FROM pages JOIN urls USING (id)
                   JOIN urls AS target ON target.id = pages.target
                   WHERE outcome = 'redirect' AND urls.depth = 0 AND urls.role = 0";
        let mut seeds = Vec::new();
        self.each(sql, |row| {
            seeds.extend(Url::parse(row.get_ref(0)?.as_str()?).ok());
            Ok(())
        })?;
        Ok(seeds)
    }

    /// Calls `tell` with every page that is another page's address.
    pub(crate) fn each_alias(&self, mut tell: impl FnMut(Id, Id)) -> Result<(), Error> {
        let sql = "SELECT id, target FROM pages WHERE outcome = 'alias' AND target IS NOT NULL";
        self.each(sql, |row| {
            tell(row.get(0)?, row.get(1)?);
            Ok(())
        })
    }

    /// The counts.
    pub(crate) fn left(&self) -> Result<Left, Error> {
        let sql = "SELECT count(*) FILTER (WHERE role = 0 AND outcome IN ('page', 'failed')),
                          count(*) FILTER (WHERE role = 0 AND outcome = 'failed'),
                          count(*) FILTER (WHERE role = 0 AND outcome = 'page' AND broken),
                          count(*) FILTER (WHERE cut IS NOT NULL),
                          count(*) FILTER (WHERE role = 0 AND outcome IN ('redirect', 'alias')),
                          count(*) FILTER (WHERE role = 2),
                          count(*) FILTER (WHERE outcome = 'robots'),
                          coalesce(sum(bytes) FILTER (WHERE role <> 1), 0)
                   FROM pages JOIN urls USING (id)";
        let mut left = Left::default();
        self.each(sql, |row| {
            // SQLite's numbers have a sign, these never.
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            left = Left {
                pages: count(0)?,
                failed: count(1)?,
                http_errors: count(2)?,
                cut: count(3)?,
                aliases: count(4)?,
                checked: count(5)?,
                robots: count(6)?,
                bytes: count(7)?,
            };
            Ok(())
        })?;
        Ok(left)
    }

    fn each(
        &self,
        sql: &str,
        mut tell: impl FnMut(&Row<'_>) -> rusqlite::Result<()>,
    ) -> Result<(), Error> {
        let mut read = || {
            let mut rows = self.connection.prepare(sql)?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                tell(row)?;
            }
            Ok(())
        };
        read().map_err(sqlite(&self.path))
    }
}
