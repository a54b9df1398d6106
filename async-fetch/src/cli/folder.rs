//! A folder with saved files: it records which name belongs to which URL, and which files are complete.
//!
//! Two URLs of a list may end in the same name; then the second gets a number. A later run may have
//! another list. It must give each URL the same name again, and must know whether the file under that
//! name was saved from this URL. So both are recorded in the file [`NAMES`] beside the parts. A lock on
//! that file keeps a second run out. Each of its lines begins with a hash of the URL, as the URL itself
//! may hold secrets:
//!
//! - `HASH NAME`: the name belongs to the URL. Written before anything is fetched under it.
//! - `HASH /LENGTH NAME`: the file is complete and has this length. Written before it gets its name.
//! - `HASH >NAME`: the server gave the file this name.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_fetch::{Checksum, Error, FOLDER, Url, file_name, folders, numbered};

const NAMES: &str = "names";

/// The folder. It is locked: no other run uses it.
pub(super) struct Folder {
    path: PathBuf,
    keeps_folders: bool,
    names: Mutex<Names>,
}

/// The names of a folder.
struct Names {
    path: PathBuf,
    file: File,
    /// By the name in small letters, for disks that do not distinguish capitals.
    known: HashMap<Box<str>, Claim>,
    /// The names that servers gave.
    given: HashMap<u64, Box<str>>,
}

struct Claim {
    url: u64,
    /// The length of the file, if it was saved.
    saved: Option<u64>,
    /// It was requested in this run.
    taken: bool,
}

/// The place of a URL's body.
pub(super) struct Place {
    pub(super) path: PathBuf,
    /// The length of what was saved from this URL earlier.
    pub(super) saved: Option<u64>,
    /// Another line of this run has the same URL.
    pub(super) repeated: bool,
}

impl Folder {
    /// Opens the folder, and reads the records of earlier runs.
    ///
    /// # Errors
    /// If it can't be read, or another run uses it.
    pub(super) fn open(path: &Path, keeps_folders: bool) -> Result<Folder, Error> {
        Ok(Folder {
            path: path.to_owned(),
            keeps_folders,
            names: Mutex::new(Names::open(path)?),
        })
    }

    fn lock(&self) -> MutexGuard<'_, Names> {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The place for a URL: its earlier one, or the first that is free. Blocks.
    pub(super) fn place(&self, url: &Url) -> Result<Place, Error> {
        let mut names = self.lock();
        let mut folder = String::new();
        if self.keeps_folders {
            folder = folders(url).join("/") + "/";
        }
        let (name, saved, repeated) = names.claim(url, &folder)?;
        Ok(Place {
            path: self.path.join(name),
            saved,
            repeated,
        })
    }

    /// Records that a file is complete. Called before it gets its name. Blocks.
    pub(super) fn saves(&self, path: &Path, length: u64) -> io::Result<()> {
        let Some(name) = path.strip_prefix(&self.path).ok().and_then(Path::to_str) else {
            return Ok(());
        };
        let mut names = self.lock();
        let Some(claim) = names.known.get_mut(&*key(name)) else {
            return Ok(());
        };
        claim.saved = Some(length);
        let line = format!("\n{:016x} /{length} {name}", claim.url);
        names.file.write_all(line.as_bytes())
    }

    /// Gives a saved file the server's name for it, if that name is free. Blocks.
    pub(super) fn rename(&self, url: &Url, path: &Path, wanted: &str) -> io::Result<PathBuf> {
        let mut names = self.lock();
        let url = number_of(url);
        let target = path.with_file_name(wanted);
        let relative = |path: &Path| {
            path.strip_prefix(&self.path)
                .ok()?
                .to_str()
                .map(str::to_owned)
        };
        let (Some(old), Some(new)) = (relative(path), relative(&target)) else {
            return Ok(path.to_owned());
        };
        let mine = names
            .known
            .get(&*key(&new))
            .is_none_or(|claim| claim.url == url);
        if old == new
            || !mine
            || names.given.get(&url).is_none_or(|it| **it != *new) && target.exists()
        {
            return Ok(path.to_owned());
        }
        let saved = names.known.get(&*key(&old)).and_then(|claim| claim.saved);
        let length = saved.map_or_else(String::new, |length| {
            format!("\n{url:016x} /{length} {new}")
        });
        let lines = format!("\n{url:016x} {new}{length}\n{url:016x} >{new}");
        names.file.write_all(lines.as_bytes())?;
        fs::rename(path, &target)?;
        names.given.insert(url, new.as_str().into());
        names.known.remove(&*key(&old));
        names.known.insert(
            key(&new),
            Claim {
                url,
                saved,
                taken: true,
            },
        );
        Ok(target)
    }
}

fn key(name: &str) -> Box<str> {
    name.to_lowercase().into()
}

fn number_of(url: &Url) -> u64 {
    Checksum::of(url.as_str()).prefix()
}

impl Names {
    fn open(folder: &Path) -> Result<Names, Error> {
        let folder = folder.join(FOLDER);
        let path = folder.join(NAMES);
        let with_path = |source: io::Error| Error::File {
            path: path.clone(),
            source,
        };
        let open = || {
            fs::create_dir_all(&folder)?;
            let file = OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .open(&path)?;
            file.try_lock().map_err(|error| match error {
                TryLockError::WouldBlock => io::Error::other(
                    "another run is saving into this folder: wait for it, or name another folder",
                ),
                TryLockError::Error(error) => error,
            })?;
            Ok(file)
        };
        let file = open().map_err(with_path)?;
        let mut names = Names {
            path: path.clone(),
            file: file.try_clone().map_err(with_path)?,
            known: HashMap::new(),
            given: HashMap::new(),
        };
        for line in BufReader::new(&file).split(b'\n') {
            let line = String::from_utf8(line.map_err(with_path)?).unwrap_or_default();
            names.read(&line);
        }
        Ok(names)
    }

    /// Reads a line. A line that is cut off, or not ours, is ignored.
    fn read(&mut self, line: &str) -> Option<()> {
        let (url, rest) = line.split_once(' ')?;
        let url = u64::from_str_radix(url, 16)
            .ok()
            .filter(|_| url.len() == 16)?;
        if let Some(name) = rest.strip_prefix('>') {
            self.given.insert(url, name.into());
        } else if let Some(rest) = rest.strip_prefix('/') {
            let (length, name) = rest.split_once(' ')?;
            let length = length.parse().ok()?;
            let claim = self.known.get_mut(&*key(name)).filter(|it| it.url == url)?;
            claim.saved = Some(length);
        } else {
            let claim = Claim {
                url,
                saved: None,
                taken: false,
            };
            // Only the first line counts.
            self.known.entry(key(rest)).or_insert(claim);
        }
        Some(())
    }

    /// The name of a URL; the length of the file saved under it; whether it was requested before in this run.
    fn claim(&mut self, url: &Url, folder: &str) -> Result<(String, Option<u64>, bool), Error> {
        let claimant = number_of(url);
        let base = match self.given.get(&claimant) {
            Some(given) => given.to_string(),
            None => format!("{folder}{}", file_name(url)),
        };
        let mut name = base.clone();
        for attempt in 1.. {
            match self.known.entry(key(&name)) {
                Entry::Vacant(free) => {
                    // The line begins with a line end, as the line before may have been cut off.
                    let line = format!("\n{claimant:016x} {name}");
                    let written = self.file.write_all(line.as_bytes());
                    written.map_err(|source| Error::File {
                        path: self.path.clone(),
                        source,
                    })?;
                    free.insert(Claim {
                        url: claimant,
                        saved: None,
                        taken: true,
                    });
                    return Ok((name, None, false));
                }
                Entry::Occupied(mut known) if known.get().url == claimant => {
                    let claim = known.get_mut();
                    let repeated = std::mem::replace(&mut claim.taken, true);
                    return Ok((name, claim.saved, repeated));
                }
                Entry::Occupied(_) => name = numbered(&base, &format!("{url}{attempt}")),
            }
        }
        Ok((name, None, false))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(path: &Path) -> Folder {
        Folder::open(path, false).unwrap()
    }

    fn name(folder: &Folder, url: &str) -> String {
        let place = folder.place(&url.parse().unwrap()).unwrap();
        place.path.file_name().unwrap().to_str().unwrap().to_owned()
    }

    #[test]
    fn a_url_has_the_same_name_in_every_run() {
        let folder = tempfile::tempdir().unwrap();
        let urls = [
            "http://a.example/x",
            "http://b.example/X",
            "http://c.example/x",
        ];
        let run = |urls: &[&str]| -> Vec<String> {
            let folder = open(folder.path());
            urls.iter().map(|url| name(&folder, url)).collect()
        };
        let first = run(&urls);
        assert_eq!(first[0], "x");
        assert!(first[1].starts_with("X-") && first[2].starts_with("x-"));
        assert_ne!(first[1].to_lowercase(), first[2]);
        for (url, name) in urls.iter().zip(&first) {
            assert_eq!(run(&[url]), [name.as_str()]);
        }
        // One that is cut off costs no other.
        let path = folder.path().join(FOLDER).join(NAMES);
        let mut file = OpenOptions::new().append(true).open(&path).unwrap();
        file.write_all(b"\n0123").unwrap();
        assert_eq!(run(&["http://a.example/y"]), ["y"]);
        assert_eq!(run(&["http://b.example/y", urls[2]])[1], first[2]);
        assert_ne!(run(&["http://b.example/y"]), ["y"]);
    }

    #[test]
    fn a_url_that_is_there_often_has_one_name() {
        let folder = tempfile::tempdir().unwrap();
        let folder = open(folder.path());
        let url: Url = "http://a.example/x".parse().unwrap();
        assert!(!folder.place(&url).unwrap().repeated);
        for _ in 0..3000 {
            let place = folder.place(&url).unwrap();
            assert!(place.repeated && place.path.ends_with("x"));
        }
    }

    #[test]
    fn what_was_saved_is_known_to_later_runs() {
        let place = tempfile::tempdir().unwrap();
        let url: Url = "http://a.example/x".parse().unwrap();
        {
            let folder = open(place.path());
            let path = folder.place(&url).unwrap().path;
            folder.saves(&path, 5).unwrap();
            fs::write(&path, "12345").unwrap();
            let path = folder.rename(&url, &path, "given").unwrap();
            assert!(path.ends_with("given") && path.exists());
        }
        let folder = open(place.path());
        let known = folder.place(&url).unwrap();
        assert_eq!(
            (known.saved, known.path.ends_with("given")),
            (Some(5), true)
        );
        // Its old name is free, but was that of another URL's file once.
        assert!(name(&folder, "http://b.example/x").starts_with("x-"));
    }

    #[test]
    fn two_runs_do_not_share_a_folder() {
        let place = tempfile::tempdir().unwrap();
        let first = open(place.path());
        let Err(error) = Folder::open(place.path(), false) else {
            panic!("both have it");
        };
        assert!(error.to_string().contains("another run"), "{error}");
        drop(first);
        open(place.path());
    }
}
