//! Finds pictures: files, and folders with their contents, one at a time.

mod above;

use std::collections::{HashSet, VecDeque};
use std::ffi::OsString;
use std::fmt;
use std::fs::{self, File};
use std::io::{self, BufRead, Read};
use std::path::{Path, PathBuf};

use crate::manifest;
use crate::paths::below;
use crate::picture::Format;

use above::{Above, thumbnails_in};

/// The maximum length of a line in a list. Linux's longest path has 4,096 bytes.
const LONGEST_LINE: u64 = 64 * 1024;

/// A picture that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The path.
    pub path: PathBuf,
    /// Its folder, relative to the folder on the command line, or as in the list; empty for a file
    /// on the command line.
    pub folder: PathBuf,
    /// The format by its first bytes. `None` means an unknown format, which is only returned for a
    /// file on the command line.
    pub format: Option<Format>,
}

/// The error for a path that can't be examined.
#[derive(Debug, thiserror::Error)]
#[error("{}: {error}", crate::paths::shown(path))]
#[non_exhaustive]
pub struct Blocked {
    /// The path.
    pub path: PathBuf,
    /// The error.
    pub error: io::Error,
}

/// A path to walk.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Named {
    /// A file or a folder.
    pub path: PathBuf,
    /// Whether it is from a list: then its thumbnails keep its folders.
    pub listed: bool,
}

/// How many files in folders were skipped, by reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PassedOver {
    /// Files of an unknown format.
    pub unknown: u64,
    /// Empty files.
    pub empty: u64,
    /// Thumbnails of earlier runs.
    pub thumbnails: u64,
    /// Pictures that were given before in the same run.
    pub again: u64,
    /// Pipes, devices, sockets.
    pub special: u64,
}

impl PassedOver {
    /// The total.
    pub fn count(&self) -> u64 {
        self.unknown + self.empty + self.thumbnails + self.again + self.special
    }
}

impl fmt::Display for PassedOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let reasons = [
            (self.unknown, "of no known picture format"),
            (self.empty, "empty"),
            (self.thumbnails, "thumbnails"),
            (self.again, "given twice"),
            (self.special, "neither files nor folders"),
        ];
        let reasons = reasons.iter().filter(|(count, _)| *count > 0);
        let reasons: Vec<_> = reasons
            .map(|(count, reason)| format!("{count} {reason}"))
            .collect();
        f.write_str(&reasons.join(", "))
    }
}

/// Walks the given paths: files, and folders with all their contents, sorted by name. Files in
/// folders that are not pictures by their content are skipped, and so are thumbnails that are
/// recorded in the manifest of a folder above them.
///
/// Links to files are followed. Links to folders are followed only if they are given paths, so
/// there are no loops. Only one listing per folder level is in memory.
pub struct Walk<I> {
    named: I,
    /// The folder of the thumbnails. It is entered only if it is a given path.
    except: Option<PathBuf>,
    /// The remaining entries of the entered folders, the innermost last.
    levels: Vec<Level>,
    above: Above,
    passed: PassedOver,
}

struct Level {
    /// The folder.
    path: PathBuf,
    /// Its path below the given folder.
    folder: PathBuf,
    entries: VecDeque<Entry>,
    /// The thumbnails below it.
    thumbnails: HashSet<PathBuf>,
}

/// An entry of a folder. [`fs::DirEntry`] would keep its folder open: a deep tree would need a
/// descriptor for each level.
struct Entry {
    name: OsString,
    kind: io::Result<fs::FileType>,
}

impl From<fs::DirEntry> for Entry {
    fn from(entry: fs::DirEntry) -> Entry {
        Entry {
            name: entry.file_name(),
            kind: entry.file_type(),
        }
    }
}

impl<I: Iterator<Item = io::Result<Named>>> Walk<I> {
    /// Walks `named`. Within its folders, `except` is skipped.
    pub fn new(named: I, except: Option<&Path>) -> Walk<I> {
        Walk {
            named,
            except: except.and_then(|path| path.canonicalize().ok()),
            levels: Vec::new(),
            above: Above::default(),
            passed: PassedOver::default(),
        }
    }

    /// The files that were skipped so far.
    pub fn passed_over(&self) -> PassedOver {
        self.passed
    }

    fn enter(&mut self, path: &Path, folder: PathBuf) -> io::Result<()> {
        let entries = fs::read_dir(path)?.map(|entry| entry.map(Entry::from));
        let mut entries = entries.collect::<io::Result<Vec<_>>>()?;
        entries.sort_unstable_by(|a, b| a.name.cmp(&b.name));
        let thumbnails = match entries.iter().any(|entry| entry.name == manifest::NAME) {
            true => thumbnails_in(path),
            false => HashSet::new(),
        };
        self.levels.push(Level {
            path: path.to_owned(),
            folder,
            entries: entries.into(),
            thumbnails,
        });
        Ok(())
    }

    fn named(&mut self, named: Named) -> io::Result<Option<Found>> {
        let Named { path, listed } = named;
        let is_folder = fs::metadata(&path)?.is_dir();
        self.above.move_to(&path);
        if !is_folder && self.above.contains(&path) {
            self.passed.thumbnails += 1;
            return Ok(None);
        }
        let folder = match (listed, is_folder) {
            (false, _) => PathBuf::new(),
            (true, true) => below(&path),
            (true, false) => below(path.parent().unwrap_or(Path::new(""))),
        };
        if is_folder {
            self.enter(&path, folder)?;
            return Ok(None);
        }
        let format = sniff(&path)?.format();
        Ok(Some(Found {
            path,
            folder,
            format,
        }))
    }

    fn entry(&mut self, path: PathBuf, entry: Entry, folder: &Path) -> io::Result<Option<Found>> {
        if entry.kind?.is_dir() {
            if self.except.is_none() || path.canonicalize().ok() != self.except {
                self.enter(&path, folder.join(entry.name))?;
            }
            return Ok(None);
        }
        let mut levels = self.levels.iter();
        if levels.any(|level| level.thumbnails.contains(&path)) || self.above.contains(&path) {
            self.passed.thumbnails += 1;
            return Ok(None);
        }
        let metadata = fs::metadata(&path)?;
        // Opening anything other than a file or a link to one may block.
        if !metadata.is_file() {
            self.passed.special += u64::from(!metadata.is_dir());
            return Ok(None);
        }
        match sniff(&path)? {
            Sniffed::Picture(format) => Ok(Some(Found {
                path,
                folder: folder.to_owned(),
                format: Some(format),
            })),
            Sniffed::Empty => {
                self.passed.empty += 1;
                Ok(None)
            }
            Sniffed::Unknown => {
                self.passed.unknown += u64::from(entry.name != manifest::NAME);
                Ok(None)
            }
        }
    }
}

impl<I: Iterator<Item = io::Result<Named>>> Iterator for Walk<I> {
    type Item = Result<Found, Blocked>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            let (path, found) = match self.levels.last_mut() {
                Some(level) => match level.entries.pop_front() {
                    Some(entry) => {
                        let (path, folder) = (level.path.join(&entry.name), level.folder.clone());
                        (path.clone(), self.entry(path, entry, &folder))
                    }
                    None => {
                        self.levels.pop();
                        continue;
                    }
                },
                None => match self.named.next()? {
                    Ok(named) => (named.path.clone(), self.named(named)),
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

/// The result of reading a file's first bytes.
enum Sniffed {
    Picture(Format),
    Empty,
    Unknown,
}

impl Sniffed {
    fn format(&self) -> Option<Format> {
        match self {
            Sniffed::Picture(format) => Some(*format),
            _ => None,
        }
    }
}

/// The format of a file, by its first bytes.
fn sniff(path: &Path) -> io::Result<Sniffed> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a file"));
    }
    let mut start = Vec::with_capacity(Format::MAGIC);
    File::open(path)?
        .take(Format::MAGIC as u64)
        .read_to_end(&mut start)?;
    Ok(match Format::of(&start) {
        Some(format) => Sniffed::Picture(format),
        None if start.is_empty() => Sniffed::Empty,
        None => Sniffed::Unknown,
    })
}

/// Reads a list of paths, one per line, or each ended by a zero byte. Empty lines are skipped.
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
                        "a line longer than 64 KiB: not a list of paths (a list with zero bytes needs -0)",
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
    let name: OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    Ok(name.into())
}

#[cfg(not(unix))]
fn path(bytes: Vec<u8>) -> io::Result<PathBuf> {
    let text = String::from_utf8(bytes);
    text.map(PathBuf::from)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
