//! The manifest's file: lines of JSON, only ever added to.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::Entry;

/// A line longer than this is none that we wrote.
const LONGEST_LINE: u64 = 64 * 1024;

/// A manifest's file, perhaps one that is not there yet.
#[derive(Debug)]
pub(super) struct Journal {
    path: PathBuf,
    file: Option<File>,
    /// How far it has been read.
    at: u64,
    changed: bool,
}

impl Journal {
    /// Opens it to be read; `None` if it isn't there.
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

    /// One to be added to: it is created with the first line.
    pub(super) fn to_append(path: &Path) -> io::Result<Journal> {
        Ok(Journal {
            path: path.to_owned(),
            file: None,
            // Whoever opened the manifest has read so far; what came since is read again.
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

    /// What was added since it was last read. Half a line is left for later.
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

    /// Adds a line, in one go: what other processes add comes before or behind, not in between.
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
                // Half a line of a run that was killed must not swallow the next.
                file.write_all(b"\n")?;
                Ok(self.file.insert(file))
            }
        }
    }

    /// Does something while no other process does the same.
    pub(super) fn locked<T>(
        &mut self,
        action: impl FnOnce(&mut Journal) -> io::Result<T>,
    ) -> io::Result<T> {
        let lock = self.opened()?.try_clone()?;
        // Where files can't be locked, one process a folder is all there can be.
        let locked = lock.lock().is_ok();
        let result = action(self);
        if locked {
            lock.unlock()?;
        }
        result
    }
}

/// Whether a file is there, and is one: opening a pipe could take for ever.
fn is_there(path: &Path) -> io::Result<bool> {
    match fs::metadata(path) {
        Ok(metadata) if metadata.is_file() => Ok(true),
        Ok(_) => Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            format!("{}: is no file", path.display()),
        )),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
