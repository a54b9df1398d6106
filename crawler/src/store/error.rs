//! Errors of the state's file.

use std::path::{Path, PathBuf};

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

/// What SQLite says of a file.
pub(super) fn sqlite(path: &Path) -> impl FnOnce(rusqlite::Error) -> Error {
    let path = path.to_owned();
    move |reason| Error::Sqlite { path, reason }
}
