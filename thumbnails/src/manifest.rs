//! What was made of what: so that only what changed is made again, and what is not ours is left
//! alone.
//!
//! A file `.thumbnails.jsonl` in the output folder. Before a thumbnail is made a line claims its
//! name, and when it is whole another says what was made. A run that is killed leaves claims, and at
//! worst half a line, which is passed over: those thumbnails are made again.
//!
//! Several processes may share a folder. Each adds lines, and none rewrites the file unless it is
//! alone: the folder is locked by all that use it, the file while a name is being claimed.

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
    /// What was made; `None` while it is being made, or if that was interrupted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made: Option<Made>,
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
            source: escape(&paths::absolute(path)?),
            modified: since.map_or(0, |since| since.as_nanos() as u64),
            length: metadata.len(),
        })
    }
}

/// The manifest of an output folder. In memory it takes some 400 bytes a thumbnail.
#[derive(Debug)]
pub struct Manifest {
    folder: PathBuf,
    entries: BTreeMap<String, Entry>,
    /// The outputs of each picture, by a hash of its path.
    by_source: HashMap<u64, Vec<String>>,
    /// `None` where nothing is to be written.
    journal: Option<Journal>,
    lock: Option<FolderLock>,
}

impl Manifest {
    /// Reads the manifest of a folder; without one there is nothing in it. Nothing can be added.
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

    /// Reads the manifest of a folder, to add to it.
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

    /// The thumbnail, if it is there, made of the picture as it is now, with these settings.
    pub fn current(&self, output: &Path, stamp: &Stamp, settings: u64) -> Option<&Made> {
        let entry = self.entries.get(&escape(output))?;
        let made = entry.made.as_ref()?;
        let same = (&entry.source, entry.modified, entry.length, entry.settings)
            == (&stamp.source, stamp.modified, stamp.length, settings);
        let there = || fs::symlink_metadata(self.folder.join(output));
        (same && there().is_ok_and(|it| it.is_file() && it.len() == made.bytes)).then_some(made)
    }

    /// The names that a picture's thumbnails have had.
    pub fn outputs_of(&self, stamp: &Stamp) -> impl Iterator<Item = PathBuf> {
        let outputs = self.by_source.get(&fnv1a(stamp.source.as_bytes()));
        let outputs = outputs.into_iter().flatten();
        let own = |output: &&String| {
            let entry = self.entries.get(*output);
            entry.is_some_and(|entry| entry.source == stamp.source)
        };
        outputs.filter(own).map(|output| unescape(output))
    }

    /// Whether a thumbnail of this picture may be written there: if nothing is there that is not
    /// ours, and no other picture's thumbnail.
    pub fn may_write(&self, output: &Path, stamp: &Stamp) -> bool {
        match self.entries.get(&escape(output)) {
            Some(entry) => {
                (entry.source == stamp.source || is_gone(&unescape(&entry.source)))
                    && self.is_ours_or_gone(entry)
            }
            None => is_gone(&self.folder.join(output)),
        }
    }

    /// Whether what is there is what was made: somebody may have put a file in its place.
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
    /// one, with all that were claimed before.
    ///
    /// # Errors
    /// If the manifest can't be read or written.
    pub fn claim(
        &mut self,
        stamp: &Stamp,
        settings: u64,
        choose: impl FnOnce(&Manifest) -> PathBuf,
    ) -> io::Result<PathBuf> {
        let Some(mut journal) = self.journal.take() else {
            return Ok(choose(self));
        };
        let result = journal.locked(|journal| {
            self.take_in(journal)?;
            let output = choose(self);
            let entry = Entry {
                output: escape(&output),
                source: stamp.source.clone(),
                modified: stamp.modified,
                length: stamp.length,
                settings,
                made: None,
            };
            journal.add(&entry)?;
            self.put(entry);
            Ok(output)
        });
        self.journal = Some(journal);
        result
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
            made: Some(made),
        };
        if let Some(journal) = &mut self.journal {
            journal.add(&entry)?;
        }
        self.put(entry);
        Ok(())
    }

    /// The thumbnails that are there and ours, and whose picture is no more, by their paths below
    /// the folder.
    pub fn stale(&self) -> Vec<PathBuf> {
        let stale = self.entries.values().filter(|entry| {
            is_gone(&unescape(&entry.source)) && self.is_there(entry) && self.is_ours_or_gone(entry)
        });
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

    /// Writes the manifest anew, without what is out of date; not while other processes use it.
    ///
    /// # Errors
    /// If that can't be done; the old one is then still there.
    pub fn tidy(&mut self) -> io::Result<()> {
        let Some(journal) = self.journal.take() else {
            return Ok(());
        };
        drop(journal);
        let path = self.folder.join(NAME);
        let alone = self.lock.as_mut().is_none_or(FolderLock::become_sole);
        if alone {
            // Of what others have added meanwhile nothing is lost. What was deleted stays deleted.
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

    /// Whether anything was added since it was read.
    pub fn is_changed(&self) -> bool {
        self.journal.as_ref().is_some_and(Journal::is_changed)
    }

    /// All that was made, by name.
    pub fn entries(&self) -> impl Iterator<Item = (&Entry, &Made)> {
        let entries = self.entries.values();
        entries.filter_map(|entry| Some((entry, entry.made.as_ref()?)))
    }

    /// Whether a path below the folder is a thumbnail's.
    pub fn contains(&self, output: &Path) -> bool {
        self.entries.contains_key(&escape(output))
    }

    /// The paths of all thumbnails below the folder.
    pub fn outputs(&self) -> impl Iterator<Item = PathBuf> {
        self.entries.keys().map(|output| unescape(output))
    }

    /// Whether a thumbnail's file is there.
    pub fn is_there(&self, entry: &Entry) -> bool {
        let path = self.folder.join(unescape(&entry.output));
        fs::symlink_metadata(path).is_ok_and(|it| it.is_file())
    }
}

fn is_gone(path: &Path) -> bool {
    fs::symlink_metadata(path).is_err_and(|it| it.kind() == io::ErrorKind::NotFound)
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
    paths::name_of(bytes).into()
}
