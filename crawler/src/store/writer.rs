//! The thread that writes the state: many pages in one transaction.

mod batch;
mod budget;

use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use async_fetch::HeaderMap;
use rusqlite::Connection;

use super::{Beginning, Error, File, LinkRow, OwnExchange, PageRow, PageSummary, UrlRow, sqlite};
use crate::seen::Id;
use crate::warc::Warc;
use batch::Batch;
use budget::{Budget, Over};

/// Pages that may wait to be written. Then the sender waits.
const WAITING: usize = 1024;

/// Pages in one transaction, at most.
const BATCH: usize = 1000;

/// How long a transaction collects pages before it is committed.
const SOON: Duration = Duration::from_millis(100);

/// Called for each page once it is committed.
pub type OnPage = Box<dyn FnMut(&PageSummary) + Send>;

enum Message {
    Urls(Vec<UrlRow>),
    Page(Box<PageRow>),
    /// An exchange that has no row and is only archived.
    Exchange(Box<OwnExchange>),
    /// The next URLs of the queue after a number, and their largest count.
    Queue(Id, usize, mpsc::Sender<Vec<UrlRow>>),
    /// Outside pages that were requested by HEAD, and have a link to one of their parts.
    PartsNotLookedFor(mpsc::Sender<Vec<UrlRow>>),
}

impl Message {
    /// The bytes that it takes in memory, roughly.
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
            Message::Exchange(exchange) => exchange.body.len(),
            Message::Queue(..) | Message::PartsNotLookedFor(_) => 0,
        }
    }
}

/// A handle of the thread that writes the state.
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
    /// Starts the thread that writes pages to the file, and their answers to the archive, if there is to
    /// be one. `asked` are the headers of all requests, without secrets.
    ///
    /// # Errors
    /// If the archive can't be written; if the system refuses a thread.
    pub(crate) fn start(
        self,
        archive: Option<&Path>,
        asked: HeaderMap,
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
                let begun = warc.and_then(|mut warc| {
                    let length = warc.flush()?;
                    Ok((warc, length))
                });
                let (warc, length) = begun.map_err(|reason| match reason.kind() {
                    std::io::ErrorKind::AlreadyExists => Error::ArchiveThere {
                        path: path.to_owned(),
                    },
                    _ => Error::Archive {
                        path: path.to_owned(),
                        reason,
                    },
                })?;
                // From now on the file belongs to this crawl: a resumed run may shorten it.
                self.set("warc_length", &length.to_string())?;
                Ok((warc, path.to_owned()))
            })
            .transpose()?;
        let over = Over(Arc::clone(&budget));
        let mut writer = Writer {
            budget: Arc::clone(&budget),
            path: self.path,
            connection: self.connection,
            warc,
            asked,
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

    pub(crate) fn exchange(&self, exchange: OwnExchange) -> Result<(), Error> {
        self.send(Message::Exchange(Box::new(exchange)))
    }

    /// The next URLs of the queue after a number, at most `most`. Rows that were sent before are included.
    pub(crate) fn queue(&self, after: Id, most: usize) -> Result<Vec<UrlRow>, Error> {
        let (reply, rows) = mpsc::channel();
        self.send(Message::Queue(after, most, reply))?;
        rows.recv().map_err(|_| Error::Gone)
    }

    /// Outside pages that were requested by HEAD, and have a link to one of their parts.
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
            // To get errors, the caller uses `finish`.
            let _ = writer.join();
        }
    }
}

struct Writer {
    budget: Arc<Budget>,
    path: PathBuf,
    connection: Connection,
    warc: Option<(Warc, PathBuf)>,
    asked: HeaderMap,
    on_page: OnPage,
    /// Pages that are written and not yet committed.
    uncommitted: Vec<PageSummary>,
    /// The last field, so that it is dropped after the connection: closing a file that SQLite has open would
    /// release SQLite's locks.
    _lock: Option<std::fs::File>,
}

impl Writer {
    fn run(&mut self, messages: &mpsc::Receiver<Message>) -> Result<(), Error> {
        // A transaction begins with its first message.
        while let Ok(first) = messages.recv() {
            let end = Instant::now() + SOON;
            let mut first = Some(first);
            let path = self.path.clone();
            let transaction = self.connection.transaction().map_err(sqlite(&path))?;
            let mut batch = Batch {
                transaction,
                warc: self.warc.as_mut(),
                asked: &self.asked,
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
