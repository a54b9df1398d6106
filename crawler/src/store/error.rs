//! Errors of the state's file.

use std::path::{Path, PathBuf};

/// An error of the state.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of SQLite.
    #[error("{}: {reason}", path.display())]
    Sqlite {
        /// The file.
        path: PathBuf,
        /// The error.
        reason: rusqlite::Error,
    },
    /// The file contains a crawl.
    #[error("{}: it contains a crawl already: resume it with --resume, or name another file", path.display())]
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
    #[error("{}: another crawl is writing to it: wait for its end, or name another file", path.display())]
    Busy {
        /// The file.
        path: PathBuf,
    },
    /// The archive is there already.
    #[error("{}: the file exists: name another one, or replace it with --overwrite", path.display())]
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
    /// The file contains something else.
    #[error("{}: it is another program's database: name another file", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The file contains no crawl.
    #[error("{}: it contains no crawl: is it the right file?", path.display())]
    NoCrawl {
        /// The file.
        path: PathBuf,
    },
    /// The crawl in the file has other settings.
    #[error("{}: the crawl in it was begun with other settings: {difference}", path.display())]
    Other {
        /// The file.
        path: PathBuf,
        /// The difference.
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
    /// The writer has ended with an error, which was returned before.
    #[error("the state is no longer written")]
    Gone,
}

/// Makes an error of SQLite's for a file.
pub(super) fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    let path = path.to_owned();
    move |reason| Error::Sqlite { path, reason }
}
