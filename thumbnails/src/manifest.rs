//! The record of thumbnails and their pictures: only changed pictures are processed again, and
//! foreign files are left alone.
//!
//! It is the file `.thumbnails.jsonl` in the output folder. Before a thumbnail is made, a line
//! claims its name; when it is complete, another line records it. A killed run leaves claims, and
//! possibly half a line, which is skipped: these thumbnails are made again.
//!
//! Several processes may share a folder. Each appends lines, and rewrites the file only if it is
//! alone. All of them hold a lock on the folder, and lock the file while they claim a name.

mod journal;
mod lock;

use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::UNIX_EPOCH;

use serde::{Deserialize, Serialize};

use crate::paths;
use crate::settings::fnv1a;
use crate::task::Made;

use journal::Journal;
use lock::FolderLock;

/// The manifest's name in the output folder.
pub const NAME: &str = ".thumbnails.jsonl";

/// A thumbnail, and its picture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    /// The thumbnail's path below the output folder, escaped as in a URI: see [`escape`].
    pub output: String,
    /// The picture's absolute path, escaped too.
    pub source: String,
    /// The time of the picture's last change, in nanoseconds since 1970.
    pub modified: u64,
    /// The size of the picture's file in bytes.
    pub length: u64,
    /// [`Settings::fingerprint`](crate::Settings::fingerprint).
    pub settings: u64,
    /// The result; `None` while it is being made, or if that was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
}

/// The state of a picture's file at the time of the check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// The absolute path, escaped.
    pub source: String,
    /// The time of the last change, in nanoseconds since 1970.
    pub modified: u64,
    /// The size in bytes.
    pub length: u64,
}

impl Stamp {
    /// Reads the stamp of a file. Call it before the file is read: otherwise a change in between is
    /// not noticed.
    ///
    /// # Errors
    /// If the file does not exist.
    pub fn of(path: &Path) -> io::Result<Stamp> {
        let metadata = fs::metadata(path)?;
        let since = metadata.modified()?.duration_since(UNIX_EPOCH);
        Ok(Stamp {
            source: escape(&paths::absolute(path)?),
            modified: since.map_or(0, |since| since.as_nanos() as u64),
            length: metadata.len(),
        })
    }
}

/// The manifest of an output folder. It needs about 400 bytes of memory per thumbnail.
#[derive(Debug)]
pub struct Manifest {
    folder: PathBuf,
    entries: BTreeMap<String, Entry>,
    /// The thumbnails of each picture, by a hash of its path.
    by_source: HashMap<u64, Vec<String>>,
    /// `None` if nothing is to be written.
    journal: Option<Journal>,
    lock: Option<FolderLock>,
}

impl Manifest {
    /// Reads the manifest of a folder; if there is none, it is empty. Nothing can be added to it.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn read(folder: &Path) -> io::Result<Manifest> {
        let mut manifest = Manifest {
            folder: folder.to_owned(),
            entries: BTreeMap::new(),
            by_source: HashMap::new(),
            journal: None,
            lock: None,
        };
        if let Some(mut journal) = Journal::open_to_read(&folder.join(NAME))? {
            manifest.take_in(&mut journal)?;
        }
        Ok(manifest)
    }

    /// Reads the manifest of a folder, for adding entries.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn open(folder: &Path) -> io::Result<Manifest> {
        let lock = FolderLock::shared(folder)?;
        Ok(Manifest {
            lock: Some(lock),
            journal: Some(Journal::to_append(&folder.join(NAME))?),
            ..Manifest::read(folder)?
        })
    }

    fn take_in(&mut self, journal: &mut Journal) -> io::Result<()> {
        for entry in journal.read()? {
            if is_inside(&entry.output) {
                self.put(entry);
            }
        }
        Ok(())
    }

    fn put(&mut self, entry: Entry) {
        let outputs = self
            .by_source
            .entry(fnv1a(entry.source.as_bytes()))
            .or_default();
        if !outputs.contains(&entry.output) {
            outputs.push(entry.output.clone());
        }
        self.entries.insert(entry.output.clone(), entry);
    }

    /// The thumbnail, if it exists and was made from the current picture with these settings.
    pub fn current(&self, output: &Path, stamp: &Stamp, settings: u64) -> Option<&Made> {
        let entry = self.entries.get(&escape(output))?;
        let made = entry.made.as_ref()?;
        let same = (&entry.source, entry.modified, entry.length, entry.settings)
            == (&stamp.source, stamp.modified, stamp.length, settings);
        let there = || fs::symlink_metadata(self.folder.join(output));
        (same && there().is_ok_and(|it| it.is_file() && it.len() == made.bytes)).then_some(made)
    }

    /// The names of a picture's earlier thumbnails.
    pub fn outputs_of(&self, stamp: &Stamp) -> impl Iterator<Item = PathBuf> {
        let outputs = self.by_source.get(&fnv1a(stamp.source.as_bytes()));
        let outputs = outputs.into_iter().flatten();
        let own = |output: &&String| {
            let entry = self.entries.get(*output);
            entry.is_some_and(|entry| entry.source == stamp.source)
        };
        outputs.filter(own).map(|output| unescape(output))
    }

    /// Whether a thumbnail of this picture may be written there: there is no foreign file, and no
    /// thumbnail of another picture.
    pub fn may_write(&self, output: &Path, stamp: &Stamp) -> bool {
        match self.entries.get(&escape(output)) {
            Some(entry) => {
                (entry.source == stamp.source || is_gone(&unescape(&entry.source)))
                    && self.is_ours_or_gone(entry)
            }
            None => is_gone(&self.folder.join(output)),
        }
    }

    /// Whether the file is the one that was made, or is gone: a user may have replaced it.
    fn is_ours_or_gone(&self, entry: &Entry) -> bool {
        let path = self.folder.join(unescape(&entry.output));
        match (fs::symlink_metadata(&path), &entry.made) {
            (Err(error), _) => error.kind() == io::ErrorKind::NotFound,
            (Ok(there), _) if !there.is_file() => false,
            (Ok(_), None) => true,
            (Ok(there), Some(made)) => {
                there.len() == made.bytes
                    && fs::read(&path).is_ok_and(|bytes| fnv1a(&bytes) == made.checksum)
            }
        }
    }

    /// Claims a name for a picture's thumbnail. `choose` is called while no other process can claim
    /// a name, with all names that were claimed before. If nothing can be added to this manifest, the
    /// claim is only in memory.
    ///
    /// # Errors
    /// If the manifest can't be read or written.
    pub fn claim(
        &mut self,
        stamp: &Stamp,
        settings: u64,
        choose: impl FnOnce(&Manifest) -> PathBuf,
    ) -> io::Result<PathBuf> {
        let claim = |output: &Path| Entry {
            output: escape(output),
            source: stamp.source.clone(),
            modified: stamp.modified,
            length: stamp.length,
            settings,
            made: None,
        };
        let Some(mut journal) = self.journal.take() else {
            let output = choose(self);
            self.put(claim(&output));
            return Ok(output);
        };
        let result = journal.locked(|journal| {
            self.take_in(journal)?;
            let output = choose(self);
            let entry = claim(&output);
            journal.add(&entry)?;
            self.put(entry);
            Ok(output)
        });
        self.journal = Some(journal);
        result
    }

    /// Adds an existing thumbnail.
    ///
    /// # Errors
    /// If the line can't be written.
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
            made: Some(made),
        };
        if let Some(journal) = &mut self.journal {
            journal.add(&entry)?;
        }
        self.put(entry);
        Ok(())
    }

    /// The existing thumbnails of this program whose picture does not exist any more, by their
    /// paths below the folder.
    pub fn stale(&self) -> Vec<PathBuf> {
        let stale = self.entries.values().filter(|entry| {
            is_gone(&unescape(&entry.source)) && self.is_there(entry) && self.is_ours_or_gone(entry)
        });
        stale.map(|entry| unescape(&entry.output)).collect()
    }

    /// Deletes a thumbnail of this program.
    ///
    /// # Errors
    /// If it exists and can't be deleted.
    pub fn delete(&mut self, output: &Path) -> io::Result<()> {
        if let Err(error) = fs::remove_file(self.folder.join(output))
            && error.kind() != io::ErrorKind::NotFound
        {
            return Err(error);
        }
        self.entries.remove(&escape(output));
        Ok(())
    }

    /// Rewrites the manifest without outdated lines, unless other processes use it.
    ///
    /// # Errors
    /// If that fails; the old manifest still exists then.
    pub fn tidy(&mut self) -> io::Result<()> {
        let Some(journal) = self.journal.take() else {
            return Ok(());
        };
        drop(journal);
        let path = self.folder.join(NAME);
        let alone = self.lock.as_mut().is_none_or(FolderLock::become_sole);
        if alone {
            // Keep the lines that other processes have added meanwhile. Deleted entries stay
            // deleted.
            let now = Manifest::read(&self.folder)?;
            let kept = |entry: &&Entry| {
                let known = self.entries.contains_key(&entry.output);
                (known || self.is_there(entry)) && (entry.made.is_some() || self.is_there(entry))
            };
            let mut lines = Vec::new();
            for entry in now.entries.values().filter(kept) {
                serde_json::to_writer(&mut lines, entry)?;
                lines.push(b'\n');
            }
            common::files::write_atomically(&path, lines)?;
        }
        if let Some(lock) = &mut self.lock {
            lock.share()?;
        }
        self.journal = Some(Journal::to_append(&path)?);
        Ok(())
    }

    /// Whether lines were added since it was read.
    pub fn is_changed(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_changed)
    }

    /// All thumbnails that were made, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, &Made)> {
        let entries = self.entries.values();
        entries.filter_map(|entry| Some((entry, entry.made.as_ref()?)))
    }

    /// Whether a path below the folder is a thumbnail.
    pub fn contains(&self, output: &Path) -> bool {
        self.entries.contains_key(&escape(output))
    }

    /// The paths of all thumbnails below the folder.
    pub fn outputs(&self) -> impl Iterator<Item = PathBuf> {
        self.entries.keys().map(|output| unescape(output))
    }

    /// Whether a thumbnail's file exists.
    pub fn is_there(&self, entry: &Entry) -> bool {
        let path = self.folder.join(unescape(&entry.output));
        fs::symlink_metadata(path).is_ok_and(|it| it.is_file())
    }
}

fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|it| it.kind() == io::ErrorKind::NotFound)
}

/// A user may have edited the manifest: files outside the folder must never be touched.
fn is_inside(output: &str) -> bool {
    let path = unescape(output);
    path.components()
        .all(|part| matches!(part, std::path::Component::Normal(_)))
}

/// A path in ASCII: all bytes except letters, digits and some signs become `%` and two hex digits,
/// as in the path of GLib's `file:` URIs. This also preserves names that are not valid text.
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

/// The inverse of [`escape`].
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
    paths::name_of(bytes).into()
}
