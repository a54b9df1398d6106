//! What was made of what: so that only what changed is made again, and what has no picture any
//! more can be told from files that are none of ours.
//!
//! A file `.thumbnails.jsonl` in the output folder, a line of JSON for each thumbnail, written when
//! the thumbnail is whole. A run that is killed leaves at worst half a line, which is passed over:
//! that thumbnail is then made again.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::task::Made;

/// The manifest's name in the output folder.
pub const NAME: &str = ".thumbnails.jsonl";

/// A line longer than this is none that we wrote.
const LONGEST_LINE: u64 = 64 * 1024;

/// A thumbnail, and what it was made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// Its path below the output folder, as a URI's: see [`escape`].
    pub output: String,
    /// The picture's absolute path, likewise.
    pub source: String,
    /// When the picture was last changed, in nanoseconds since 1970.
    pub modified: u64,
    /// The picture's file, in bytes.
    pub length: u64,
    /// [`Settings::fingerprint`](crate::Settings::fingerprint).
    pub settings: u64,
    /// What was made.
    pub made: Made,
}

/// A picture's file, as it was when it was looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its absolute path, escaped.
    pub source: String,
    /// When it was last changed, in nanoseconds since 1970.
    pub modified: u64,
    /// In bytes.
    pub length: u64,
}

impl Stamp {
    /// Looks at a file. To be called before it is read, or a change in between goes unseen.
    ///
    /// # Errors
    /// If it isn't there.
    pub fn of(path: &Path) -> io::Result<Stamp> {
        let metadata = fs::metadata(path)?;
        let since = metadata.modified()?.duration_since(UNIX_EPOCH);
        Ok(Stamp {
            source: escape(&std::path::absolute(path)?),
            modified: since.map_or(0, |since| since.as_nanos() as u64),
            length: metadata.len(),
        })
    }
}

/// The manifest of an output folder. In memory it takes some 300 bytes a thumbnail.
#[derive(Debug)]
pub struct Manifest {
    folder: PathBuf,
    entries: BTreeMap<String, Entry>,
    /// Opened with the first entry.
    journal: Option<File>,
}

impl Manifest {
    /// Reads the manifest of a folder; without one there is nothing in it.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn read(folder: &Path) -> io::Result<Manifest> {
        let mut entries = BTreeMap::new();
        match File::open(folder.join(NAME)) {
            Ok(file) => {
                let mut lines = BufReader::new(file);
                let mut line = Vec::new();
                while lines
                    .by_ref()
                    .take(LONGEST_LINE)
                    .read_until(b'\n', &mut line)?
                    > 0
                {
                    if let Ok(entry) = serde_json::from_slice::<Entry>(&line)
                        && is_inside(&entry.output)
                    {
                        entries.insert(entry.output.clone(), entry);
                    }
                    line.clear();
                }
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(error),
        }
        Ok(Manifest {
            folder: folder.to_owned(),
            entries,
            journal: None,
        })
    }

    /// Whether the thumbnail is there, made of the picture as it is now, with these settings.
    pub fn is_current(&self, output: &Path, stamp: &Stamp, settings: u64) -> bool {
        self.entries.get(&escape(output)).is_some_and(|entry| {
            (&entry.source, entry.modified, entry.length)
                == (&stamp.source, stamp.modified, stamp.length)
                && entry.settings == settings
                && fs::metadata(self.folder.join(output))
                    .is_ok_and(|there| there.is_file() && there.len() == entry.made.bytes)
        })
    }

    /// Adds a thumbnail that is there.
    ///
    /// # Errors
    /// If that can't be written.
    pub fn add(
        &mut self,
        output: &Path,
        stamp: Stamp,
        settings: u64,
        made: Made,
    ) -> io::Result<()> {
        let entry = Entry {
            output: escape(output),
            source: stamp.source,
            modified: stamp.modified,
            length: stamp.length,
            settings,
            made,
        };
        let mut line = serde_json::to_vec(&entry)?;
        line.push(b'\n');
        let journal = match &mut self.journal {
            Some(journal) => journal,
            None => {
                let path = self.folder.join(NAME);
                let mut file = OpenOptions::new().create(true).append(true).open(path)?;
                // Half a line of a run that was killed must not swallow the next.
                file.write_all(b"\n")?;
                self.journal.insert(file)
            }
        };
        // In one go: what other runs add comes before or behind, not in between.
        journal.write_all(&line)?;
        self.entries.insert(entry.output.clone(), entry);
        Ok(())
    }

    /// The thumbnails whose picture is no more, by their paths below the folder.
    pub fn stale(&self) -> Vec<PathBuf> {
        let gone = |entry: &&Entry| {
            let source = unescape(&entry.source);
            fs::symlink_metadata(source).is_err_and(|it| it.kind() == io::ErrorKind::NotFound)
        };
        let stale = self.entries.values().filter(gone);
        stale.map(|entry| unescape(&entry.output)).collect()
    }

    /// Deletes a thumbnail of ours.
    ///
    /// # Errors
    /// If it is there and can't be deleted.
    pub fn delete(&mut self, output: &Path) -> io::Result<()> {
        if let Err(error) = fs::remove_file(self.folder.join(output))
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        self.entries.remove(&escape(output));
        Ok(())
    }

    /// Writes the manifest anew, without what is out of date.
    ///
    /// # Errors
    /// If that can't be done; the old one is then still there.
    pub fn tidy(&mut self) -> io::Result<()> {
        self.journal = None;
        let mut lines = Vec::new();
        for entry in self.entries.values() {
            serde_json::to_writer(&mut lines, entry)?;
            lines.push(b'\n');
        }
        common::files::write_atomically(self.folder.join(NAME), lines)
    }

    /// Whether anything was added since it was read.
    pub fn is_changed(&self) -> bool {
        self.journal.is_some()
    }

    /// All there are, by name.
    pub fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.entries.values()
    }
}

/// Somebody may have edited the manifest: nothing outside the folder is ever touched.
fn is_inside(output: &str) -> bool {
    let path = unescape(output);
    path.components()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// A path in ASCII: all bytes but letters, digits and a few signs as `%` and two hex digits, just as
/// GLib writes the path of a `file:` URI. Not every name is text, and this is still the whole name.
pub fn escape(path: &Path) -> String {
    let mut escaped = String::new();
    for &byte in path.as_os_str().as_encoded_bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.!~*'()/&=:@+$,".contains(&byte) {
            escaped.push(byte.into());
        } else {
            escaped.push_str(&format!("%{byte:02X}"));
        }
    }
    escaped
}

/// What [`escape`] made of a path, back.
pub fn unescape(escaped: &str) -> PathBuf {
    let mut bytes = Vec::with_capacity(escaped.len());
    let mut rest = escaped.as_bytes();
    while let [first, behind @ ..] = rest {
        let hex = |at: usize| char::from(*behind.get(at)?).to_digit(16);
        match (first, hex(0), hex(1)) {
            (b'%', Some(high), Some(low)) => {
                bytes.push((16 * high + low) as u8);
                rest = &behind[2..];
            }
            _ => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    #[cfg(unix)]
    let name: std::ffi::OsString = std::os::unix::ffi::OsStringExt::from_vec(bytes);
    #[cfg(not(unix))]
    let name = String::from_utf8_lossy(&bytes).into_owned();
    name.into()
}
