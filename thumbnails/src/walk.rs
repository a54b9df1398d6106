//! Which pictures there are: files, folders and what is in them, one at a time.

use std::collections::VecDeque;
use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crate::picture::Format;

/// The longest line of a list: the longest path that Linux takes is 4,096 bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// A picture that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// Where it is.
    pub path: PathBuf,
    /// The folder it is in, below the one that was asked for; empty for a file named alone.
    pub folder: PathBuf,
    /// What it starts like; `None` is no picture, and only found where it was named alone.
    pub format: Option<Format>,
}

/// Something that can't be looked at.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct Blocked {
    /// What.
    pub path: PathBuf,
    /// Why.
    pub error: io::Error,
}

/// Walks what is named: files as they are, folders with all in them, by name. Files in folders that
/// are no pictures by their content are passed over.
///
/// Links to files are followed. Links to folders are not, unless named: so no loop can be walked.
/// Of the folders only one listing for each level is in memory.
pub struct Walk<I> {
    named: I,
    /// Not to be walked into: where the thumbnails go.
    except: Option<PathBuf>,
    /// What is still to be looked at in the folders that were entered, innermost last.
    levels: Vec<Level>,
}

struct Level {
    /// Below the folder that was named.
    folder: PathBuf,
    entries: VecDeque<fs::DirEntry>,
}

impl<I: Iterator<Item = io::Result<PathBuf>>> Walk<I> {
    /// Walks `named`, but never into `except`.
    pub fn new(named: I, except: Option<&Path>) -> Walk<I> {
        Walk {
            named,
            except: except.and_then(|path| path.canonicalize().ok()),
            levels: Vec::new(),
        }
    }

    fn enter(&mut self, path: &Path, folder: PathBuf) -> io::Result<()> {
        if self.except.is_some() && path.canonicalize().ok() == self.except {
            return Ok(());
        }
        let mut entries = fs::read_dir(path)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_unstable_by_key(fs::DirEntry::file_name);
        let entries = entries.into();
        self.levels.push(Level { folder, entries });
        Ok(())
    }

    fn named(&mut self, path: PathBuf) -> io::Result<Option<Found>> {
        if fs::metadata(&path)?.is_dir() {
            self.enter(&path, PathBuf::new())?;
            return Ok(None);
        }
        let format = sniff(&path)?;
        Ok(Some(Found {
            path,
            folder: PathBuf::new(),
            format,
        }))
    }

    fn entry(&mut self, entry: &fs::DirEntry, folder: &Path) -> io::Result<Option<Found>> {
        let path = entry.path();
        let kind = entry.file_type()?;
        if kind.is_dir() {
            self.enter(&path, folder.join(entry.file_name()))?;
            return Ok(None);
        }
        // What is neither a file nor a link to one may block whoever opens it.
        if !fs::metadata(&path)?.is_file() {
            return Ok(None);
        }
        let folder = folder.to_owned();
        Ok(sniff(&path)?.map(|format| Found {
            path,
            folder,
            format: Some(format),
        }))
    }
}

impl<I: Iterator<Item = io::Result<PathBuf>>> Iterator for Walk<I> {
    type Item = Result<Found, Blocked>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (path, found) = match self.levels.last_mut() {
                Some(level) => match level.entries.pop_front() {
                    Some(entry) => {
                        let folder = level.folder.clone();
                        (entry.path(), self.entry(&entry, &folder))
                    }
                    None => {
                        self.levels.pop();
                        continue;
                    }
                },
                None => match self.named.next()? {
                    Ok(path) => (path.clone(), self.named(path)),
                    Err(error) => (PathBuf::from("standard input"), Err(error)),
                },
            };
            match found {
                Ok(Some(found)) => return Some(Ok(found)),
                Ok(None) => {}
                Err(error) => return Some(Err(Blocked { path, error })),
            }
        }
    }
}

/// A file's format, by its first bytes.
fn sniff(path: &Path) -> io::Result<Option<Format>> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    let mut start = Vec::with_capacity(Format::MAGIC);
    File::open(path)?
        .take(Format::MAGIC as u64)
        .read_to_end(&mut start)?;
    Ok(Format::of(&start))
}

/// Reads a list of paths, one a line, or each ended by a zero byte. Empty lines are passed over.
pub fn list(mut input: impl BufRead, zero: bool) -> impl Iterator<Item = io::Result<PathBuf>> {
    let end = if zero { 0 } else { b'\n' };
    let mut broken = false;
    std::iter::from_fn(move || {
        while !broken {
            let mut line = Vec::new();
            match input.by_ref().take(LONGEST_LINE).read_until(end, &mut line) {
                Ok(0) => return None,
                Ok(_) if line.len() as u64 == LONGEST_LINE && line.last() != Some(&end) => {
                    broken = true;
                    return Some(Err(io::Error::new(
                        io::ErrorKind::InvalidData,
                        "a line of over 64 KiB: not a list of paths (lists with zeros need -0)",
                    )));
                }
                Ok(_) => {
                    line.pop_if(|last| *last == end);
                    if !zero {
                        line.pop_if(|last| *last == b'\r');
                    }
                    if !line.is_empty() {
                        return Some(path(line));
                    }
                }
                Err(error) => {
                    broken = true;
                    return Some(Err(error));
                }
            }
        }
        None
    })
}

#[cfg(unix)]
fn path(bytes: Vec<u8>) -> io::Result<PathBuf> {
    let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    Ok(name.into())
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> io::Result<PathBuf> {
    let text = String::from_utf8(bytes);
    text.map(PathBuf::from)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
