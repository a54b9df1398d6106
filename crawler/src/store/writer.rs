//! The thread that writes: many pages in one transaction.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use rusqlite::{Connection, Transaction, params};

use super::{
    Beginning, Error, File, LinkRow, OwnExchange, PageRow, PageSummary, Skip, UrlRow, sqlite,
};
use crate::fragment::Part;
use crate::seen::Id;
use crate::warc::{Exchange, Warc};

/// Pages that wait for being written, at most: who finds more waits.
const WAITING: usize = 1024;

/// What those pages may take together, in bytes: some of them are archived with bodies of 10 MiB, or
/// have 20,000 new links. A page that takes more than all of it is let in when it is alone.
const BUDGET: usize = 64 << 20;

/// Pages in one transaction, at most.
const BATCH: usize = 1000;

/// How long a page waits for being committed, if no other comes meanwhile.
const SOON: Duration = Duration::from_millis(100);

/// Called for each page once it is committed, and no more after an error.
pub type OnPage = Box<dyn FnMut(&PageSummary) + Send>;

enum Message {
    Urls(Vec<UrlRow>),
    Page(Box<PageRow>),
    /// The next URLs of the queue after this one, at most so many.
    Queue(Id, usize, mpsc::Sender<Vec<UrlRow>>),
    /// Pages whose header alone was asked for, and to a part of which a link leads.
    PartsNotLookedFor(mpsc::Sender<Vec<UrlRow>>),
}

impl Message {
    /// What it takes in memory, but for what all take.
    fn size(&self) -> usize {
        let urls = |rows: &[UrlRow]| {
            let sizes = rows.iter().map(|row| size_of::<UrlRow>() + row.url.len());
            sizes.sum::<usize>()
        };
        match self {
            Message::Urls(rows) => urls(rows),
            Message::Page(row) => {
                let body = row.exchange.as_ref().map_or(0, |it| it.body.len());
                body + urls(&row.urls) + row.links.len() * size_of::<LinkRow>()
            }
            Message::Queue(..) | Message::PartsNotLookedFor(_) => 0,
        }
    }
}

/// Bytes of messages that are sent and not written yet.
#[derive(Debug, Default)]
struct Budget {
    spent: Mutex<Spent>,
    less: Condvar,
}

#[derive(Debug, Default)]
struct Spent {
    bytes: usize,
    /// Nobody writes any more.
    over: bool,
}

impl Budget {
    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until there is room; at the end there is always.
    fn take(&self, bytes: usize) {
        let is_full = |spent: &mut Spent| {
            !spent.over && spent.bytes > 0 && spent.bytes.saturating_add(bytes) > BUDGET
        };
        let spent = self.less.wait_while(self.lock(), is_full);
        spent.unwrap_or_else(PoisonError::into_inner).bytes += bytes;
    }

    fn give_back(&self, bytes: usize) {
        self.lock().bytes -= bytes;
        self.less.notify_all();
    }
}

/// Tells, whatever ends the writer, that nobody has to wait for it.
struct Over(Arc<Budget>);

impl Drop for Over {
    fn drop(&mut self) {
        self.0.lock().over = true;
        self.0.less.notify_all();
    }
}

/// Where the state of a crawl is written to.
pub struct Store {
    budget: Arc<Budget>,
    messages: Option<mpsc::SyncSender<Message>>,
    writer: Option<JoinHandle<Result<(), Error>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

impl File {
    /// Starts to write: pages to the file, their answers to the archive, if there is to be one.
    ///
    /// # Errors
    /// If the archive can't be written; if the system refuses a thread.
    pub(crate) fn start(
        self,
        archive: Option<&Path>,
        user_agent: &str,
        on_page: OnPage,
    ) -> Result<Store, Error> {
        let (messages, received) = mpsc::sync_channel(WAITING);
        let budget = Arc::new(Budget::default());
        let warc = archive
            .map(|path| {
                let length = self.get("warc_length")?.and_then(|text| text.parse().ok());
                let warc = match (self.beginning, length) {
                    (Beginning::Resumed, Some(length)) => Warc::resume(path, length),
                    (Beginning::Overwritten, _) => Warc::replace(path),
                    _ => Warc::create(path),
                };
                let warc = warc.map_err(|reason| match reason.kind() {
                    std::io::ErrorKind::AlreadyExists => Error::ArchiveThere {
                        path: path.to_owned(),
                    },
                    _ => Error::Archive {
                        path: path.to_owned(),
                        reason,
                    },
                })?;
                Ok((warc, path.to_owned()))
            })
            .transpose()?;
        let over = Over(Arc::clone(&budget));
        let mut writer = Writer {
            budget: Arc::clone(&budget),
            path: self.path,
            connection: self.connection,
            warc,
            user_agent: user_agent.to_owned(),
            on_page,
            uncommitted: Vec::new(),
            _lock: self.lock,
        };
        let writer = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || {
                let _over = over;
                writer.run(&received)
            })
            .map_err(Error::Thread)?;
        Ok(Store {
            budget,
            messages: Some(messages),
            writer: Some(writer),
        })
    }
}

impl Store {
    fn send(&self, message: Message) -> Result<(), Error> {
        let messages = self.messages.as_ref().ok_or(Error::Gone)?;
        self.budget.take(message.size());
        messages.send(message).map_err(|_| Error::Gone)
    }

    pub(crate) fn urls(&self, rows: Vec<UrlRow>) -> Result<(), Error> {
        self.send(Message::Urls(rows))
    }

    pub(crate) fn page(&self, row: PageRow) -> Result<(), Error> {
        self.send(Message::Page(Box::new(row)))
    }

    /// The next URLs of the queue after this one, at most so many. Whatever was sent before is
    /// among them.
    pub(crate) fn queue(&self, after: Id, most: usize) -> Result<Vec<UrlRow>, Error> {
        let (reply, rows) = mpsc::channel();
        self.send(Message::Queue(after, most, reply))?;
        rows.recv().map_err(|_| Error::Gone)
    }

    /// Pages whose header alone was asked for, and to a part of which a link leads.
    pub(crate) fn parts_not_looked_for(&self) -> Result<Vec<UrlRow>, Error> {
        let (reply, rows) = mpsc::channel();
        self.send(Message::PartsNotLookedFor(reply))?;
        rows.recv().map_err(|_| Error::Gone)
    }

    /// Commits all, and ends the thread.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        drop(self.messages.take());
        match self.writer.take().map(JoinHandle::join) {
            Some(Ok(result)) => result,
            _ => Err(Error::Gone),
        }
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        drop(self.messages.take());
        if let Some(writer) = self.writer.take() {
            // Whoever wants to hear of errors calls `finish`.
            let _ = writer.join();
        }
    }
}

struct Writer {
    budget: Arc<Budget>,
    path: PathBuf,
    connection: Connection,
    warc: Option<(Warc, PathBuf)>,
    user_agent: String,
    on_page: OnPage,
    /// Pages written and not committed yet.
    uncommitted: Vec<PageSummary>,
    /// Behind the connection: to close a file that SQLite has open would give up its own locks.
    _lock: Option<std::fs::File>,
}

impl Writer {
    fn run(&mut self, messages: &mpsc::Receiver<Message>) -> Result<(), Error> {
        // A transaction begins with its first message, and not before.
        while let Ok(first) = messages.recv() {
            let end = Instant::now() + SOON;
            let mut first = Some(first);
            let path = self.path.clone();
            let transaction = self.connection.transaction().map_err(sqlite(&path))?;
            let mut batch = Batch {
                transaction,
                warc: self.warc.as_mut(),
                user_agent: &self.user_agent,
                uncommitted: &mut self.uncommitted,
            };
            while batch.uncommitted.len() < BATCH {
                let left = end.saturating_duration_since(Instant::now());
                let message = match first.take() {
                    Some(message) => message,
                    None => match messages.recv_timeout(left) {
                        Ok(message) => message,
                        Err(_) => break,
                    },
                };
                let size = message.size();
                batch.write(message, &path)?;
                self.budget.give_back(size);
            }
            batch.commit(&path)?;
            for page in self.uncommitted.drain(..) {
                (self.on_page)(&page);
            }
        }
        Ok(())
    }
}

struct Batch<'a> {
    transaction: Transaction<'a>,
    warc: Option<&'a mut (Warc, PathBuf)>,
    user_agent: &'a str,
    uncommitted: &'a mut Vec<PageSummary>,
}

impl Batch<'_> {
    fn write(&mut self, message: Message, path: &Path) -> Result<(), Error> {
        match message {
            Message::Urls(rows) => self.urls(&rows).map_err(sqlite(path)),
            Message::Queue(after, most, reply) => {
                let rows = self.queue(after, most).map_err(sqlite(path))?;
                // Who asked may be gone.
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
        let rows = rows.query_map(params![after, most as i64], super::queued)?;
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
        let rows = rows.query_map([], super::queued)?;
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
            user_agent: self.user_agent,
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

    fn commit(self, path: &Path) -> Result<(), Error> {
        if let Some((warc, warc_path)) = self.warc {
            // Before the state says so: half a record is cut off by the next run, a missing one is
            // missed for ever.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_lets_one_too_large_in_alone_and_nobody_waits_when_it_is_over() {
        let budget = Arc::new(Budget::default());
        budget.take(BUDGET + 1);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| budget.take(1));
            budget.give_back(BUDGET + 1);
            waiting.join().unwrap();
            assert_eq!(budget.lock().bytes, 1);
            let waiting = scope.spawn(|| budget.take(BUDGET));
            drop(Over(Arc::clone(&budget)));
            waiting.join().unwrap();
        });
        budget.take(BUDGET);
    }
}
