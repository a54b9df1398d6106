//! The state of a crawl in SQLite: what was found, what was done, what is left.
//!
//! One thread writes, and takes many pages into one transaction: so to keep the state costs a crawl
//! next to nothing, and it never waits for the disk. What is committed survives a kill -9, whole
//! pages at a time.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use async_fetch::{Bytes, HeaderMap, StatusCode, Version};
use rusqlite::{Connection, OpenFlags, Transaction, params};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::html::Kind;
use crate::seen::Id;
use crate::warc::{Exchange, Warc};

const SCHEMA: &str = include_str!("store/schema.sql");

/// The version of the schema, in the file's header.
pub(crate) const VERSION: i64 = 1;

/// Pages that wait for being written, at most: who finds more waits.
const WAITING: usize = 1024;

/// Pages in one transaction, at most.
const BATCH: usize = 1000;

/// How long a page waits for being committed.
const SOON: Duration = Duration::from_millis(100);

/// What can go wrong with the state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite says so.
    #[error("{}: {source}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: rusqlite::Error,
    },
    /// There is a crawl in the file.
    #[error("{}: there is a crawl in it already: go on with it by --resume, or name another file", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// There is no crawl in the file.
    #[error("{}: there is no crawl in it: is it the right file?", path.display())]
    NoCrawl {
        /// The file.
        path: PathBuf,
    },
    /// The crawl in the file is another one.
    #[error("{}: the crawl in it was begun with other settings: {difference}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// In what they differ.
        difference: String,
    },
    /// The archive can't be written.
    #[error("{}: {source}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The system refuses a thread.
    #[error("a thread to write the state: {0}")]
    Thread(std::io::Error),
    /// The writer is gone, for a reason that was told before.
    #[error("the state is no longer written")]
    Gone,
}

/// A URL that was found.
#[derive(Clone, Debug)]
pub(crate) struct UrlRow {
    pub(crate) id: Id,
    pub(crate) url: String,
    pub(crate) depth: u32,
    pub(crate) hops: u8,
    pub(crate) role: u8,
    pub(crate) skipped: Option<&'static str>,
}

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct LinkRow {
    pub(crate) target: Id,
    pub(crate) kind: Kind,
    pub(crate) fragment: Option<String>,
}

/// A page that was dealt with, and all that it led to.
#[derive(Debug)]
pub(crate) struct PageRow {
    pub(crate) id: Id,
    pub(crate) outcome: &'static str,
    pub(crate) target: Option<Id>,
    pub(crate) attempts: u32,
    pub(crate) urls: Vec<UrlRow>,
    pub(crate) links: Vec<LinkRow>,
    pub(crate) ids: Vec<String>,
    pub(crate) told: Told,
    pub(crate) exchange: Option<OwnExchange>,
}

/// What is told of a page when it is done: a line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Told {
    /// Its URL.
    pub url: String,
    /// The status of the answer, if there is one.
    pub status: Option<u16>,
    /// How many links away from the seeds it was found.
    pub depth: u32,
    /// Bytes of its body.
    pub bytes: u64,
    /// Links in it.
    pub links: usize,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// What it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it redirects to, or which page it is another address of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What was picked out of it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub selected: Map<String, Value>,
}

/// An [`Exchange`] that belongs to nobody else.
#[derive(Debug)]
pub(crate) struct OwnExchange {
    pub(crate) url: String,
    pub(crate) address: Option<std::net::IpAddr>,
    pub(crate) at: SystemTime,
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// Who hears of pages when they are committed. On an error nobody hears of any more.
pub type Teller = Box<dyn FnMut(&Told) + Send>;

enum Message {
    Urls(Vec<UrlRow>),
    Page(Box<PageRow>),
    /// The next URLs of the queue after this one, at most so many.
    Queue(Id, usize, mpsc::Sender<Vec<UrlRow>>),
}

/// Where the state of a crawl is written to.
pub struct Store {
    messages: Option<mpsc::SyncSender<Message>>,
    writer: Option<JoinHandle<Result<(), Error>>>,
}

impl std::fmt::Debug for Store {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Store").finish_non_exhaustive()
    }
}

/// What an earlier run left.
#[derive(Debug, Default)]
pub(crate) struct Left {
    /// Pages, and failures.
    pub(crate) pages: u64,
    pub(crate) bytes: u64,
    pub(crate) redirects: u64,
    pub(crate) failed: u64,
}

/// A file with the state of a crawl, before the crawl begins.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    connection: Connection,
    resumed: bool,
}

impl File {
    /// A state that is nowhere but in a temporary file, which is gone at the end.
    ///
    /// # Errors
    /// What SQLite says.
    pub fn temporary() -> Result<File, Error> {
        let path = PathBuf::from("the temporary state");
        let connection = Connection::open("").map_err(sqlite(&path))?;
        let mut file = File {
            path,
            connection,
            resumed: false,
        };
        // Nobody will ever read it again.
        file.prepare("OFF", "OFF")?;
        Ok(file)
    }

    /// A new state in a file that has none.
    ///
    /// # Errors
    /// If there is one, or SQLite can't.
    pub fn create(path: &Path) -> Result<File, Error> {
        let connection = Connection::open(path).map_err(sqlite(path))?;
        let mut file = File {
            path: path.to_owned(),
            connection,
            resumed: false,
        };
        if file.version()? != 0 {
            return Err(Error::Taken {
                path: path.to_owned(),
            });
        }
        file.prepare("WAL", "NORMAL")?;
        Ok(file)
    }

    /// The state of an earlier crawl, to go on with.
    ///
    /// # Errors
    /// If there is none, or SQLite can't.
    pub fn resume(path: &Path) -> Result<File, Error> {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
        let mut file = File {
            path: path.to_owned(),
            connection,
            resumed: true,
        };
        if file.version()? != VERSION {
            return Err(Error::NoCrawl {
                path: path.to_owned(),
            });
        }
        file.pragmas("WAL", "NORMAL")?;
        Ok(file)
    }

    /// Whether an earlier run is gone on with.
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    fn version(&self) -> Result<i64, Error> {
        let version = self
            .connection
            .query_row("PRAGMA user_version", [], |row| row.get(0));
        version.map_err(sqlite(&self.path))
    }

    fn pragmas(&mut self, journal: &str, synchronous: &str) -> Result<(), Error> {
        // One writer; readers may look on. Waits for one that is looking on just now.
        let pragmas = format!(
            "PRAGMA journal_mode={journal}; PRAGMA synchronous={synchronous};
             PRAGMA cache_size=-16384; PRAGMA busy_timeout=10000; PRAGMA temp_store=MEMORY;"
        );
        let done = self.connection.execute_batch(&pragmas);
        done.map_err(sqlite(&self.path))
    }

    fn prepare(&mut self, journal: &str, synchronous: &str) -> Result<(), Error> {
        self.pragmas(journal, synchronous)?;
        let make = |connection: &mut Connection| {
            let transaction = connection.transaction()?;
            transaction.execute_batch(SCHEMA)?;
            for kind in Kind::ALL {
                let row = params![kind as u8, kind.name()];
                transaction.execute("INSERT INTO kinds VALUES (?, ?)", row)?;
            }
            transaction.pragma_update(None, "user_version", VERSION)?;
            transaction.commit()
        };
        make(&mut self.connection).map_err(sqlite(&self.path))
    }

    /// A value that was written down by [`set`](Self::set).
    pub(crate) fn get(&self, key: &str) -> Result<Option<String>, Error> {
        let mut rows = self
            .connection
            .prepare("SELECT value FROM meta WHERE key = ?")
            .map_err(sqlite(&self.path))?;
        let mut rows = rows.query([key]).map_err(sqlite(&self.path))?;
        let row = rows.next().map_err(sqlite(&self.path))?;
        row.map(|row| row.get(0))
            .transpose()
            .map_err(sqlite(&self.path))
    }

    pub(crate) fn set(&self, key: &str, value: &str) -> Result<(), Error> {
        let sql = "INSERT OR REPLACE INTO meta VALUES (?, ?)";
        let done = self.connection.execute(sql, [key, value]);
        done.map(drop).map_err(sqlite(&self.path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Tells of every URL that was found, with whether it was kept out.
    pub(crate) fn each_url(&self, mut tell: impl FnMut(Id, &str, bool)) -> Result<(), Error> {
        let mut read = || {
            let mut rows = self
                .connection
                .prepare("SELECT id, url, skipped IS NOT NULL FROM urls")?;
            let mut rows = rows.query([])?;
            while let Some(row) = rows.next()? {
                let url = row.get_ref(1)?.as_str().unwrap_or("");
                tell(row.get(0)?, url, row.get(2)?);
            }
            Ok(())
        };
        read().map_err(sqlite(&self.path))
    }

    /// What was done already.
    pub(crate) fn left(&self) -> Result<Left, Error> {
        let sql = "SELECT count(*) FILTER (WHERE outcome IN ('page', 'failed')),
                          coalesce(sum(bytes), 0),
                          count(*) FILTER (WHERE outcome IN ('redirect', 'alias')),
                          count(*) FILTER (WHERE outcome = 'failed') FROM pages
                   JOIN urls USING (id) WHERE role = 0";
        let left = self.connection.query_row(sql, [], |row| {
            // SQLite's numbers have a sign, these never.
            let count = |column| row.get::<_, i64>(column).map(i64::cast_unsigned);
            Ok(Left {
                pages: count(0)?,
                bytes: count(1)?,
                redirects: count(2)?,
                failed: count(3)?,
            })
        });
        left.map_err(sqlite(&self.path))
    }

    /// Starts to write: pages to the file, their answers to the archive, if there is to be one.
    ///
    /// # Errors
    /// If the archive can't be written; if the system refuses a thread.
    pub(crate) fn start(
        self,
        archive: Option<&Path>,
        user_agent: &str,
        teller: Teller,
    ) -> Result<Store, Error> {
        let (messages, received) = mpsc::sync_channel(WAITING);
        let warc = archive
            .map(|path| {
                let length = self.get("warc_length")?.and_then(|text| text.parse().ok());
                let warc = match length {
                    Some(length) => Warc::resume(path, length),
                    None => Warc::create(path),
                };
                let warc = warc.map_err(|source| Error::Archive {
                    path: path.to_owned(),
                    source,
                })?;
                Ok((warc, path.to_owned()))
            })
            .transpose()?;
        let mut writer = Writer {
            path: self.path,
            connection: self.connection,
            warc,
            user_agent: user_agent.to_owned(),
            teller,
            told: Vec::new(),
        };
        let writer = std::thread::Builder::new()
            .name("store".to_owned())
            .spawn(move || writer.run(&received))
            .map_err(Error::Thread)?;
        Ok(Store {
            messages: Some(messages),
            writer: Some(writer),
        })
    }
}

impl Store {
    fn send(&self, message: Message) -> Result<(), Error> {
        let messages = self.messages.as_ref().ok_or(Error::Gone)?;
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

fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    let path = path.to_owned();
    move |source| Error::Sqlite { path, source }
}

struct Writer {
    path: PathBuf,
    connection: Connection,
    warc: Option<(Warc, PathBuf)>,
    user_agent: String,
    teller: Teller,
    /// What is to be told once it is committed.
    told: Vec<Told>,
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
                told: &mut self.told,
            };
            while batch.told.len() < BATCH {
                let left = end.saturating_duration_since(Instant::now());
                let message = match first.take() {
                    Some(message) => message,
                    None => match messages.recv_timeout(left) {
                        Ok(message) => message,
                        Err(_) => break,
                    },
                };
                batch.write(message, &path)?;
            }
            batch.commit(&path)?;
            for told in self.told.drain(..) {
                (self.teller)(&told);
            }
        }
        Ok(())
    }
}

struct Batch<'a> {
    transaction: Transaction<'a>,
    warc: Option<&'a mut (Warc, PathBuf)>,
    user_agent: &'a str,
    told: &'a mut Vec<Told>,
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
            Message::Page(mut row) => {
                if let Some(exchange) = row.exchange.take() {
                    self.archive(&exchange)?;
                }
                self.page(&row).map_err(sqlite(path))?;
                self.told.push(row.told);
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
                row.skipped
            ])?;
        }
        Ok(())
    }

    fn page(&self, row: &PageRow) -> rusqlite::Result<()> {
        self.urls(&row.urls)?;
        let told = &row.told;
        let selected = (!told.selected.is_empty())
            .then(|| serde_json::to_string(&told.selected).unwrap_or_default());
        self.transaction
            .prepare_cached("INSERT INTO pages VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)")?
            .execute(params![
                row.id,
                row.outcome,
                told.status,
                told.content_type,
                told.bytes as i64,
                told.seconds,
                row.attempts,
                told.links as i64,
                told.title,
                row.target,
                told.error,
                selected,
            ])?;
        let mut insert = self
            .transaction
            .prepare_cached("INSERT INTO links VALUES (?, ?, ?, ?)")?;
        for link in &row.links {
            insert.execute(params![row.id, link.target, link.kind as u8, link.fragment])?;
        }
        if !row.ids.is_empty() {
            let mut insert = self
                .transaction
                .prepare_cached("INSERT INTO ids VALUES (?, ?)")?;
            for name in row.ids.iter().collect::<HashSet<_>>() {
                insert.execute(params![row.id, name])?;
            }
        }
        Ok(())
    }

    fn queue(&self, after: Id, most: usize) -> rusqlite::Result<Vec<UrlRow>> {
        let mut rows = self.transaction.prepare_cached(
            "SELECT urls.id, url, depth, hops, role FROM urls LEFT JOIN pages USING (id)
             WHERE urls.id > ? AND skipped IS NULL AND pages.id IS NULL
             ORDER BY urls.id LIMIT ?",
        )?;
        let rows = rows.query_map(params![after, most as i64], |row| {
            Ok(UrlRow {
                id: row.get(0)?,
                url: row.get(1)?,
                depth: row.get(2)?,
                hops: row.get(3)?,
                role: row.get(4)?,
                skipped: None,
            })
        })?;
        rows.collect()
    }

    fn archive(&mut self, exchange: &OwnExchange) -> Result<(), Error> {
        let Some((warc, path)) = &mut self.warc else {
            return Ok(());
        };
        let written = warc.write(&Exchange {
            url: &exchange.url,
            address: exchange.address,
            at: exchange.at,
            user_agent: self.user_agent,
            status: exchange.status,
            version: exchange.version,
            headers: &exchange.headers,
            body: &exchange.body,
        });
        written.map_err(|source| Error::Archive {
            path: path.clone(),
            source,
        })
    }

    fn commit(self, path: &Path) -> Result<(), Error> {
        if let Some((warc, warc_path)) = self.warc {
            // Before the state says so: half a record is cut off by the next run, a missing one is
            // missed for ever.
            let length = warc.flush().map_err(|source| Error::Archive {
                path: warc_path.clone(),
                source,
            })?;
            let sql = "INSERT OR REPLACE INTO meta VALUES ('warc_length', ?)";
            let done = self.transaction.execute(sql, [length.to_string()]);
            done.map_err(sqlite(path))?;
        }
        self.transaction.commit().map_err(sqlite(path))
    }
}
