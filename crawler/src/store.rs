//! The state of a crawl in SQLite: found URLs, finished pages, and the queue.
//!
//! One thread writes, with many pages in one transaction, so the state costs a crawl hardly any time. The crawl
//! waits for the disk only if more bytes wait than the writer's budget allows. Committed pages survive a kill
//! -9; a page is written completely or not at all.

mod earlier;
mod error;
mod outcome;
mod rows;
mod writer;

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags, Row, params};

use crate::html::Kind;
pub(crate) use earlier::Left;
pub use error::Error;
use error::sqlite;
pub use outcome::{Outcome, Skip};
pub use rows::PageSummary;
pub(crate) use rows::{Health, LinkRow, OwnExchange, PageRow, Target, UrlRow};
pub use writer::OnPage;
pub(crate) use writer::Store;

const SCHEMA: &str = include_str!("store/schema.sql");

/// The version of the schema, in the file's header.
const VERSION: i64 = 2;

/// The application's number in the file's header: `MHcr`.
const APPLICATION: i64 = 0x4d48_6372;

/// How long to wait for another program that is reading: longer than a report of a large crawl takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A file with the state of a crawl, before the crawl begins.
#[derive(Debug)]
pub struct File {
    path: PathBuf,
    connection: Connection,
    beginning: Beginning,
    /// The lock against other crawls. It lasts as long as the file is open.
    lock: Option<std::fs::File>,
}

/// The content of the file at the beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Beginning {
    /// Nothing.
    New,
    /// An earlier crawl, which is replaced.
    Overwritten,
    /// An earlier run, which is resumed.
    Resumed,
}

/// Locks a file against other crawls. The lock is independent of SQLite's. A missing file is created.
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
    /// A state in a temporary file, which is deleted at the end.
    ///
    /// # Errors
    /// The error of SQLite.
    pub fn temporary() -> Result<File, Error> {
        let path = PathBuf::from("the temporary state");
        let connection = Connection::open("").map_err(sqlite(&path))?;
        let mut file = File {
            path,
            connection,
            beginning: Beginning::New,
            lock: None,
        };
        // It is never read again.
        file.prepare("OFF", "OFF")?;
        Ok(file)
    }

    /// A new state. The file must not exist, or be empty, or be of a crawl that ended before its first page.
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
            // The reason for that end may be gone, such as an archive that can't be written.
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

    /// A new state. It replaces that of an earlier crawl, if there is one.
    ///
    /// # Errors
    /// If the file has another content, or SQLite fails.
    pub fn overwrite(path: &Path) -> Result<File, Error> {
        let lock = lock(path)?;
        // By SQLite, so that it waits for programs that are reading.
        let connection = Connection::open(path).map_err(sqlite(path))?;
        if header(&connection, "application_id").map_err(sqlite(path))? == APPLICATION {
            empty(&connection).map_err(sqlite(path))?;
        }
        drop(connection);
        let mut file = File::begin(path, lock)?;
        file.beginning = Beginning::Overwritten;
        Ok(file)
    }

    /// The state of an earlier crawl, to be resumed.
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

    /// Whether an earlier run is resumed.
    pub fn is_resumed(&self) -> bool {
        self.beginning == Beginning::Resumed
    }

    fn pragmas(&mut self, journal: &str, synchronous: &str) -> Result<(), Error> {
        // One writer, and any number of readers, for which the writer waits.
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

    /// A value of [`set`](Self::set).
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
    // Not read-only: after a kill, SQLite has to read the log first.
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

/// Whether there is any URL.
fn has_urls(connection: &Connection) -> rusqlite::Result<bool> {
    connection.query_row("SELECT EXISTS (SELECT * FROM urls)", [], |row| row.get(0))
}

/// Empties a file.
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
