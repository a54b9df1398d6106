//! The state of a crawl in SQLite: what was found, what was done, what is left.
//!
//! One thread writes, and takes many pages into one transaction: so to keep the state costs a crawl
//! next to nothing. It waits for the disk only when more is to be written than the writer's budget
//! holds. What is committed survives a kill -9, whole pages at a time.

mod outcome;
mod rows;
mod writer;

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, params};
use url::Url;

use crate::html::Kind;
use crate::seen::Id;
pub use outcome::{Outcome, Skip};
pub use rows::PageSummary;
pub(crate) use rows::{Health, LinkRow, OwnExchange, PageRow, Target, UrlRow};
pub use writer::OnPage;
pub(crate) use writer::Store;

const SCHEMA: &str = include_str!("store/schema.sql");

/// The version of the schema, in the file's header.
const VERSION: i64 = 2;

/// Whose file it is, in its header: `MHcr`, as a number.
const APPLICATION: i64 = 0x4d48_6372;

/// What can go wrong with the state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// SQLite says so.
    #[error("{}: {reason}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// What it says.
        reason: rusqlite::Error,
    },
    /// There is a crawl in the file.
    #[error("{}: there is a crawl in it already: go on with it by --resume, or name another file", path.display())]
    Taken {
        /// The file.
        path: PathBuf,
    },
    /// The file can't be opened.
    #[error("{}: {reason}", path.display())]
    Open {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// Another program writes to it.
    #[error("{}: another crawl is at work in it: wait for its end, or name another file", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The archive is there already.
    #[error("{}: there is such a file already: name another one, or replace it by --overwrite", path.display())]
    ArchiveThere {
        /// The file.
        path: PathBuf,
    },
    /// There is no file.
    #[error("{}: no such file: a crawl with --db writes one", path.display())]
    Missing {
        /// Where it should be.
        path: PathBuf,
    },
    /// Something else is in the file.
    #[error("{}: it is another program's database: name another file", path.display())]
    Foreign {
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
    #[error("{}: {reason}", path.display())]
    Archive {
        /// The file.
        path: PathBuf,
        /// What the system said.
        reason: std::io::Error,
    },
    /// The system refuses a thread.
    #[error("a thread to write the state: {0}")]
    Thread(std::io::Error),
    /// The writer is gone, for a reason that was told before.
    #[error("the state is no longer written")]
    Gone,
}

/// What earlier runs did.
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

/// How long another program that looks on just now is waited for: longer than a report of a large
/// crawl takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file with the state of a crawl, before the crawl begins.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    connection: Connection,
    beginning: Beginning,
    /// Keeps other crawls out of the file, as long as it is open.
    lock: Option<std::fs::File>,
}

/// What a crawl finds in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// Nothing.
    New,
    /// Something, which it was told to replace.
    Overwritten,
    /// An earlier run, with which it goes on.
    Resumed,
}

/// Locks a file against other crawls, by a lock that SQLite knows nothing of. One that is not there is
/// made.
fn lock(path: &Path) -> Result<std::fs::File, Error> {
    let system = |reason: std::io::Error| Error::Open {
        path: path.to_owned(),
        reason,
    };
    let mut options = std::fs::OpenOptions::new();
    let file = options.read(true).write(true).create(true).truncate(false);
    let file = file.open(path).map_err(system)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(std::fs::TryLockError::WouldBlock) => Err(Error::Busy {
            path: path.to_owned(),
        }),
        Err(std::fs::TryLockError::Error(error)) => Err(system(error)),
    }
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
            beginning: Beginning::New,
            lock: None,
        };
        // Nobody will ever read it again.
        file.prepare("OFF", "OFF")?;
        Ok(file)
    }

    /// A new state in a file that has none, or one of a crawl that ended before it began.
    ///
    /// # Errors
    /// If there is one, or SQLite can't.
    pub fn create(path: &Path) -> Result<File, Error> {
        File::begin(path, lock(path)?)
    }

    fn begin(path: &Path, lock: std::fs::File) -> Result<File, Error> {
        let connection = Connection::open(path).map_err(sqlite(path))?;
        if header(&connection, "application_id").map_err(sqlite(path))? == APPLICATION {
            if has_urls(&connection).map_err(sqlite(path))? {
                let path = path.to_owned();
                return Err(Error::Taken { path });
            }
            // What ended it, an archive that can't be written, say, may be mended now.
            empty(&connection).map_err(sqlite(path))?;
        }
        let tables = "SELECT count(*) FROM sqlite_master";
        let tables = connection.query_row(tables, [], |row| row.get::<_, i64>(0));
        if tables.map_err(sqlite(path))? > 0 {
            let path = path.to_owned();
            return Err(Error::Foreign { path });
        }
        let mut file = File {
            path: path.to_owned(),
            connection,
            beginning: Beginning::New,
            lock: Some(lock),
        };
        file.prepare("WAL", "NORMAL")?;
        Ok(file)
    }

    /// A new state in the place of an earlier crawl's, if there is one.
    ///
    /// # Errors
    /// If there is a file with anything else in it, or SQLite can't.
    pub fn overwrite(path: &Path) -> Result<File, Error> {
        let lock = lock(path)?;
        // By SQLite: whoever looks on just now is waited for, and an empty file is no less a state than
        // one that isn't there.
        let connection = Connection::open(path).map_err(sqlite(path))?;
        if header(&connection, "application_id").map_err(sqlite(path))? == APPLICATION {
            empty(&connection).map_err(sqlite(path))?;
        }
        drop(connection);
        let mut file = File::begin(path, lock)?;
        file.beginning = Beginning::Overwritten;
        Ok(file)
    }

    /// The state of an earlier crawl, to go on with.
    ///
    /// # Errors
    /// If there is none, or SQLite can't.
    pub fn resume(path: &Path) -> Result<File, Error> {
        let connection = open(path)?;
        let mut file = File {
            path: path.to_owned(),
            lock: Some(lock(path)?),
            connection,
            beginning: Beginning::Resumed,
        };
        file.pragmas("WAL", "NORMAL")?;
        Ok(file)
    }

    /// Whether an earlier run is gone on with.
    pub fn is_resumed(&self) -> bool {
        self.beginning == Beginning::Resumed
    }

    fn pragmas(&mut self, journal: &str, synchronous: &str) -> Result<(), Error> {
        // One writer; readers may look on. Waits for one that is looking on just now.
        let pragmas = format!(
            "PRAGMA journal_mode={journal}; PRAGMA synchronous={synchronous};
             PRAGMA cache_size=-16384; PRAGMA busy_timeout={}; PRAGMA temp_store=MEMORY;",
            PATIENCE.as_millis()
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
            transaction.pragma_update(None, "application_id", APPLICATION)?;
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

    /// Tells of every URL that was found, and why it was kept out, if it was.
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

    /// What of the queue is not taken in its order: sitemaps, and where redirects led.
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

    /// What leads out and has a link to a part of it.
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

    /// Forgets what came of URLs that may be there another time, and with `all` of all that are broken: so
    /// they are in the queue again.
    pub(crate) fn ask_again(&self, all: bool) -> Result<(), Error> {
        let what = if all { "broken" } else { "passing" };
        let done = self.connection.execute_batch(&format!(
            "DELETE FROM links WHERE source IN (SELECT id FROM pages WHERE {what});
             DELETE FROM ids WHERE page IN (SELECT id FROM pages WHERE {what});
             DELETE FROM pages WHERE {what};"
        ));
        done.map_err(sqlite(&self.path))
    }

    /// Where redirects from what the crawl began with led.
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

    /// Tells of every page that is another one's address.
    pub(crate) fn each_alias(&self, mut tell: impl FnMut(Id, Id)) -> Result<(), Error> {
        let sql = "SELECT id, target FROM pages WHERE outcome = 'alias' AND target IS NOT NULL";
        self.each(sql, |row| {
            tell(row.get(0)?, row.get(1)?);
            Ok(())
        })
    }

    /// What was done already.
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

/// Opens the state of a crawl that has begun.
///
/// # Errors
/// If there is none, or SQLite can't.
pub(crate) fn open(path: &Path) -> Result<Connection, Error> {
    if !path.exists() {
        let path = path.to_owned();
        return Err(Error::Missing { path });
    }
    // Not read-only: the log of one that was killed has to be taken in first.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(sqlite(path))?;
    let application = header(&connection, "application_id").map_err(sqlite(path))?;
    let version = header(&connection, "user_version").map_err(sqlite(path))?;
    if (application, version) != (APPLICATION, VERSION) {
        let path = path.to_owned();
        return Err(Error::NoCrawl { path });
    }
    Ok(connection)
}

/// Whether a crawl has found anything, were it only what it was to begin with.
fn has_urls(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT * FROM urls)", [], |row| row.get(0))
}

/// Takes everything out of a file.
fn empty(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, true)?;
    connection.execute_batch("VACUUM")?;
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_RESET_DATABASE, false)?;
    Ok(())
}

/// A number in a file's header.
fn header(connection: &Connection, name: &str) -> rusqlite::Result<i64> {
    connection.query_row(&format!("PRAGMA {name}"), [], |row| row.get(0))
}

/// A row of the queue: `id, url, depth, hops, role`.
fn queued(row: &Row<'_>) -> rusqlite::Result<UrlRow> {
    Ok(UrlRow {
        id: row.get(0)?,
        url: row.get(1)?,
        depth: row.get(2)?,
        hops: row.get(3)?,
        role: row.get(4)?,
        skipped: None,
    })
}

fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    let path = path.to_owned();
    move |reason| Error::Sqlite { path, reason }
}
