//! Which URL a file's name belongs to, in this run and in those before it.
//!
//! Two URLs of a list may end in the same name, and the second gets a number. A later run, whose
//! list may be another, must give each URL the same name again: what is there under it would else
//! be taken for what it is not. So names are written down, in the file [`NAMES`] beside the parts:
//! a line for each, before anything is fetched under it.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};

use async_fetch::{Checksum, Error, FOLDER, Url, file_name, numbered};

/// The file: a number that stands for the URL, which may hold secrets, and the name behind it.
const NAMES: &str = "names";

/// The names of a folder.
pub(super) struct Claims {
    path: PathBuf,
    file: File,
    /// By the name in small letters, for disks where capitals make no difference.
    known: HashMap<Box<str>, Claim>,
}

struct Claim {
    url: u64,
    /// It was given away in this run.
    taken: bool,
}

impl Claims {
    /// What earlier runs wrote down.
    pub(super) fn open(folder: &Path) -> Result<Claims, Error> {
        let folder = folder.join(FOLDER);
        let path = folder.join(NAMES);
        let open = || {
            fs::create_dir_all(&folder)?;
            OpenOptions::new()
                .read(true)
                .append(true)
                .create(true)
                .open(&path)
        };
        let with_path = |source: io::Error| Error::File {
            path: path.clone(),
            source,
        };
        let file = open().map_err(with_path)?;
        let mut known = HashMap::new();
        for line in BufReader::new(&file).split(b'\n') {
            let line = String::from_utf8(line.map_err(with_path)?).unwrap_or_default();
            let Some((url, name)) = line.split_once(' ') else {
                continue;
            };
            if let Ok(url) = u64::from_str_radix(url, 16) {
                let claim = Claim { url, taken: false };
                known.insert(name.to_lowercase().into(), claim);
            }
        }
        Ok(Claims { path, file, known })
    }

    /// The name for a URL: the one it had, or the first that is free. Blocks.
    pub(super) fn name(&mut self, url: &Url) -> Result<String, Error> {
        let claimant = Checksum::of(url.as_str()).prefix();
        let mut name = file_name(url);
        loop {
            match self.known.entry(name.to_lowercase().into()) {
                Entry::Vacant(free) => {
                    // The line begins with its end, as the one before may have been cut off.
                    let line = format!("\n{claimant:016x} {name}");
                    let written = self.file.write_all(line.as_bytes());
                    written.map_err(|source| Error::File {
                        path: self.path.clone(),
                        source,
                    })?;
                    free.insert(Claim {
                        url: claimant,
                        taken: true,
                    });
                    return Ok(name);
                }
                Entry::Occupied(mut known) => {
                    let claim = known.get_mut();
                    if claim.url == claimant && !claim.taken {
                        claim.taken = true;
                        return Ok(name);
                    }
                }
            }
            name = numbered(&name, url.as_str());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_has_the_same_name_in_every_run() {
        let folder = tempfile::tempdir().unwrap();
        let urls = [
            "http://a.example/x",
            "http://b.example/X",
            "http://c.example/x",
        ];
        let run = |urls: &[&str]| -> Vec<String> {
            let mut claims = Claims::open(folder.path()).unwrap();
            let mut name = |url: &&str| claims.name(&url.parse().unwrap()).unwrap();
            urls.iter().map(&mut name).collect()
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
        // Twice in one list is two files, the same in the next run.
        let twice = run(&[urls[0], urls[0]]);
        assert_ne!(twice[0], twice[1]);
        assert_eq!(run(&[urls[0], urls[0]]), twice);
    }
}
