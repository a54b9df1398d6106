//! The manifest's file: lines of JSON, which are only appended.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Entry;

/// This program writes no line longer than this.
const LONGEST_LINE: u64 = 64 * 1024;

/// A manifest's file, which may not exist yet.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    /// The offset up to which it was read.
    at: u64,
    changed: bool,
}

impl Journal {
    /// Opens it for reading; `None` if it does not exist.
    pub(super) fn open_to_read(path: &Path) -> io::Result<Option<Journal>> {
        if !is_there(path)? {
            return Ok(None);
        }
        Ok(Some(Journal {
            path: path.to_owned(),
            file: Some(File::open(path)?),
            at: 0,
            changed: false,
        }))
    }

    /// A journal for appending. The file is created with the first line.
    pub(super) fn to_append(path: &Path) -> io::Result<Journal> {
        Ok(Journal {
            path: path.to_owned(),
            file: None,
            // The manifest was read up to here. Later lines of other processes are read again.
            at: if is_there(path)? {
                fs::metadata(path)?.len()
            } else {
                0
            },
            changed: false,
        })
    }

    pub(super) fn is_changed(&self) -> bool {
        self.changed
    }

    /// The lines that were added since the last read. An incomplete line is left for later.
    pub(super) fn read(&mut self) -> io::Result<Vec<Entry>> {
        let Some(file) = &mut self.file else {
            return Ok(Vec::new());
        };
        file.seek(SeekFrom::Start(self.at))?;
        let mut lines = BufReader::new(file);
        let mut entries = Vec::new();
        let mut line = Vec::new();
        loop {
            line.clear();
            let read = lines
                .by_ref()
                .take(LONGEST_LINE)
                .read_until(b'\n', &mut line)?;
            if read == 0 || line.last() != Some(&b'\n') && (read as u64) < LONGEST_LINE {
                return Ok(entries);
            }
            self.at += read as u64;
            entries.extend(serde_json::from_slice::<Entry>(&line).ok());
        }
    }

    /// Appends a line with one write, so lines of other processes never mix with it.
    pub(super) fn add(&mut self, entry: &Entry) -> io::Result<()> {
        let mut line = serde_json::to_vec(entry)?;
        line.push(b'\n');
        self.changed = true;
        self.opened()?.write_all(&line)
    }

    fn opened(&mut self) -> io::Result<&mut File> {
        match self.file {
            Some(ref mut file) => Ok(file),
            None => {
                let mut options = OpenOptions::new();
                let mut file = options
                    .create(true)
                    .read(true)
                    .append(true)
                    .open(&self.path)?;
                // An incomplete line of a killed run must not merge with this line.
                file.write_all(b"\n")?;
                Ok(self.file.insert(file))
            }
        }
    }

    /// Runs a function while no other process does the same.
    pub(super) fn locked<T>(
        &mut self,
        action: impl FnOnce(&mut Journal) -> io::Result<T>,
    ) -> io::Result<T> {
        let lock = self.opened()?.try_clone()?;
        // Without locks, only one process per folder is supported.
        let locked = lock.lock().is_ok();
        let result = action(self);
        if locked {
            lock.unlock()?;
        }
        result
    }
}

/// Whether the file exists and is a regular file: opening a pipe could block forever.
fn is_there(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{}: is not a file", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
