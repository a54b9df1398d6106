//! One transaction.

use std::path::{Path, PathBuf};

use async_fetch::HeaderMap;
use rusqlite::{Transaction, params};

use super::Message;
use crate::fragment::Part;
use crate::seen::Id;
use crate::store::error::sqlite;
use crate::store::{self, Error, OwnExchange, PageRow, PageSummary, Skip, UrlRow};
use crate::warc::{Exchange, Warc};

pub(super) struct Batch<'a> {
    pub(super) transaction: Transaction<'a>,
    pub(super) warc: Option<&'a mut (Warc, PathBuf)>,
    /// The headers of all requests, without secrets.
    pub(super) asked: &'a HeaderMap,
    pub(super) uncommitted: &'a mut Vec<PageSummary>,
}

impl Batch<'_> {
    pub(super) fn write(&mut self, message: Message, path: &Path) -> Result<(), Error> {
        match message {
            Message::Urls(rows) => self.urls(&rows).map_err(sqlite(path)),
            Message::Exchange(exchange) => self.archive(&exchange),
            Message::Queue(after, most, reply) => {
                let rows = self.queue(after, most).map_err(sqlite(path))?;
                // The receiver may be gone.
                let _ = reply.send(rows);
                Ok(())
            }
            Message::PartsNotLookedFor(reply) => {
                let rows = self.parts_not_looked_for().map_err(sqlite(path))?;
                let _ = reply.send(rows);
                Ok(())
            }
            Message::Page(mut row) => {
                if let Some(exchange) = row.exchange.take() {
                    self.archive(&exchange)?;
                }
                self.page(&row).map_err(sqlite(path))?;
                if !row.again {
                    self.uncommitted.push(row.summary);
                }
                Ok(())
            }
        }
    }

    fn urls(&self, rows: &[UrlRow]) -> rusqlite::Result<()> {
        let mut insert = self
            .transaction
            .prepare_cached("INSERT INTO urls VALUES (?, ?, ?, ?, ?, ?)")?;
        for row in rows {
            insert.execute(params![
                row.id,
                row.url,
                row.depth,
                row.hops,
                row.role,
                row.skipped.map(Skip::name)
            ])?;
        }
        Ok(())
    }

    fn page(&self, row: &PageRow) -> rusqlite::Result<()> {
        self.urls(&row.urls)?;
        if row.again {
            for table in ["pages WHERE id", "ids WHERE page"] {
                let sql = format!("DELETE FROM {table} = ?");
                self.transaction.prepare_cached(&sql)?.execute([row.id])?;
            }
        }
        let summary = &row.summary;
        let selected = (!summary.selected.is_empty())
            .then(|| serde_json::to_string(&summary.selected).unwrap_or_default());
        self.transaction
            .prepare_cached(
                "INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            )?
            .execute(params![
                row.id,
                row.outcome.name(),
                row.health.broken,
                row.health.passing,
                summary.status,
                summary.content_type,
                row.health.parts,
                row.health.cut,
                summary.bytes as i64,
                summary.seconds,
                row.attempts,
                summary.links as i64,
                summary.title,
                row.target.as_ref().map(|target| target.id),
                row.target
                    .as_ref()
                    .and_then(|target| target.fragment.as_deref()),
                summary.error,
                selected,
            ])?;
        self.links(row)?;
        let mut insert = self
            .transaction
            .prepare_cached("INSERT OR IGNORE INTO ids VALUES (?, ?)")?;
        for name in &row.ids {
            insert.execute(params![row.id, name])?;
        }
        Ok(())
    }

    fn links(&self, row: &PageRow) -> rusqlite::Result<()> {
        let mut insert = self
            .transaction
            .prepare_cached("INSERT INTO links VALUES (?, ?, ?, ?, ?, ?)")?;
        let mut insert_fragment = self
            .transaction
            .prepare_cached("INSERT OR IGNORE INTO fragments VALUES (?, ?, ?)")?;
        let own = row
            .target
            .as_ref()
            .and_then(|target| target.fragment.as_deref());
        let written = row.links.iter().filter_map(|link| link.fragment.as_deref());
        for fragment in written.chain(own) {
            if let Some(part) = Part::of(fragment) {
                insert_fragment.execute(params![fragment, part.raw, part.decoded])?;
            }
        }
        for link in &row.links {
            insert.execute(params![
                row.id,
                link.target,
                link.kind as u8,
                link.place.line,
                link.place.column,
                link.fragment
            ])?;
        }
        Ok(())
    }

    fn queue(&self, after: Id, most: usize) -> rusqlite::Result<Vec<UrlRow>> {
        let mut rows = self.transaction.prepare_cached(
            "SELECT urls.id, url, depth, hops, role FROM urls LEFT JOIN pages USING (id)
             WHERE urls.id > ? AND skipped IS NULL AND pages.id IS NULL
             ORDER BY urls.id LIMIT ?",
        )?;
        let rows = rows.query_map(params![after, most as i64], store::queued)?;
        rows.collect()
    }

    fn parts_not_looked_for(&self) -> rusqlite::Result<Vec<UrlRow>> {
        let mut rows = self.transaction.prepare(
            "SELECT urls.id, url, depth, hops, role FROM pages JOIN urls USING (id)
             WHERE role = 2 AND outcome = 'checked' AND NOT parts AND pages.bytes = 0
               AND status < 300 AND (type LIKE 'text/html%' OR type LIKE 'application/xhtml+xml%')
               AND id IN (SELECT target FROM links JOIN fragments USING (fragment))
             ORDER BY urls.id",
        )?;
        let rows = rows.query_map([], store::queued)?;
        rows.collect()
    }

    fn archive(&mut self, exchange: &OwnExchange) -> Result<(), Error> {
        let Some((warc, path)) = &mut self.warc else {
            return Ok(());
        };
        let written = warc.write(&Exchange {
            method: if exchange.head { "HEAD" } else { "GET" },
            url: &exchange.url,
            address: exchange.address,
            at: exchange.at,
            asked: self.asked,
            status: exchange.status,
            version: exchange.version,
            headers: &exchange.headers,
            body: &exchange.body,
            cut: exchange.cut,
        });
        written.map_err(|reason| Error::Archive {
            path: path.clone(),
            reason,
        })
    }

    pub(super) fn commit(self, path: &Path) -> Result<(), Error> {
        if let Some((warc, warc_path)) = self.warc {
            // Before the state has the length: the next run cuts off half a record, but could not
            // restore a missing one.
            let length = warc.flush().map_err(|reason| Error::Archive {
                path: warc_path.clone(),
                reason,
            })?;
            let sql = "INSERT OR REPLACE INTO meta VALUES ('warc_length', ?)";
            let done = self.transaction.execute(sql, [length.to_string()]);
            done.map_err(sqlite(path))?;
        }
        self.transaction.commit().map_err(sqlite(path))
    }
}
