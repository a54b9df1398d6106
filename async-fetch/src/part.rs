//! A file that is written as it comes, and appears under its name when it is whole.
//!
//! Until then its bytes lie in a folder [`FOLDER`] beside it: `NAME.part`, and `NAME.from` with
//! what tells whether the server still has the same. With both, a later run goes on where this one
//! stopped. A part that can't be gone on with is deleted. Nothing is synced to the disk: this is
//! safe from being killed, not from a power cut.
//!
//! Everything here blocks, and is to be called where blocking is allowed.

mod locked;
mod origin;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use http::HeaderMap;
use url::Url;

use crate::checksum::{Checksum, Hasher};
use crate::error::Error;
use origin::Origin;

pub(crate) use origin::Validator;

/// Where parts lie.
pub const FOLDER: &str = ".async-fetch";

/// Written at once.
pub(crate) const BUFFER: usize = 256 * 1024;

/// A file in the making. Dropped before [`finish`](PartFile::finish), it keeps what came, if that
/// is of use.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    paths: Paths,
    /// The number that stands for the URL.
    url: u64,
    /// Bytes that are known to be written; a write that failed may have left some more.
    written: u64,
    buffer: Vec<u8>,
    /// `None` if it can't be gone on with in another run.
    origin: Option<Origin>,
    /// The length of the whole, if it is known.
    total: Option<u64>,
    /// It began with a file that another program left.
    adopted: bool,
    hasher: Option<Hasher>,
    finished: bool,
}

#[derive(Debug)]
struct Paths {
    part: PathBuf,
    from: PathBuf,
    target: PathBuf,
}

/// How a part is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// Its checksum is wanted.
    pub(crate) hashed: bool,
    /// Without a part, a file that is there is taken for the beginning.
    pub(crate) adopts: bool,
}

/// How a file is finished.
#[derive(Default)]
pub(crate) struct Ending<'a> {
    /// The checksum it must have.
    pub(crate) checksum: Option<Checksum>,
    /// When the server last changed it.
    pub(crate) modified: Option<SystemTime>,
    /// Hears of it before it has its name.
    pub(crate) before: Option<Before<'a>>,
}

/// `(path, length)`.
pub(crate) type Before<'a> = &'a dyn Fn(&Path, u64) -> io::Result<()>;

/// What is there of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) length: u64,
    pub(crate) total: Option<u64>,
    /// `None` for what another program left.
    pub(crate) validator: Option<Validator>,
}

impl Paths {
    fn of(target: &Path) -> Result<Paths, Error> {
        // A link is written through.
        let target = match fs::symlink_metadata(target) {
            Ok(it) if it.is_symlink() => fs::canonicalize(target).unwrap_or(target.to_owned()),
            _ => target.to_owned(),
        };
        let name = target.file_name().unwrap_or_default();
        let folder = target.with_file_name(FOLDER);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let with = |extension: &str| {
            let mut name = name.to_owned();
            name.push(extension);
            folder.join(name)
        };
        Ok(Paths {
            part: with(".part"),
            from: with(".from"),
            target,
        })
    }
}

impl PartFile {
    /// Opens the part of a file, with what an earlier run left of it.
    pub(crate) fn open(target: &Path, url: &Url, how: Opening) -> Result<PartFile, Error> {
        let paths = Paths::of(target)?;
        let file = locked::open(&paths.part).map_err(Error::file(&paths.part))?;
        let mut it = PartFile {
            file,
            paths,
            url: origin::number_of(url),
            written: 0,
            buffer: Vec::new(),
            origin: None,
            total: None,
            adopted: false,
            hasher: how.hashed.then(Hasher::default),
            finished: false,
        };
        it.go_on(how.adopts).map_err(Error::file(&it.paths.part))?;
        Ok(it)
    }

    /// Takes up what is there, if it is from the same URL and can be asked about.
    fn go_on(&mut self, adopts: bool) -> io::Result<()> {
        let known = fs::read_to_string(&self.paths.from).unwrap_or_default();
        let mine = |origin: &Origin| origin.url == self.url;
        self.origin = Origin::from_text(&known).filter(mine);
        if let Some(origin) = &self.origin {
            self.total = origin.total;
        } else if adopts && self.paths.target.is_file() {
            // A copy: what is there stays until the whole is there.
            self.file.set_len(0)?;
            io::copy(&mut File::open(&self.paths.target)?, &mut self.file)?;
            self.adopted = true;
        } else {
            return Ok(());
        }
        self.written = self.file.seek(SeekFrom::End(0))?;
        if self.total.is_some_and(|total| total < self.written) {
            // Longer than the whole: it can't be what it seems to be.
            self.forget();
            return Ok(());
        }
        if let Some(hasher) = &mut self.hasher {
            self.file.rewind()?;
            let mut piece = vec![0; BUFFER];
            loop {
                match self.file.read(&mut piece)? {
                    0 => break,
                    count => hasher.update(&piece[..count]),
                }
            }
        }
        Ok(())
    }

    /// What the rest can be asked for with.
    pub(crate) fn left(&self) -> Option<Left> {
        let validator = self.origin.as_ref().map(|origin| origin.validator.clone());
        let usable = validator.is_some() || self.adopted;
        (usable && self.length() > 0).then(|| Left {
            length: self.length(),
            total: self.total,
            validator,
        })
    }

    /// Bytes of it, those in the buffer included.
    pub(crate) fn length(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Nothing of what is there is of use.
    fn forget(&mut self) {
        self.buffer.clear();
        self.written = 0;
        self.origin = None;
        self.total = None;
        self.adopted = false;
        if let Some(hasher) = &mut self.hasher {
            *hasher = Hasher::default();
        }
    }

    /// Begins anew, with an answer's header; `total` is how long all of it will be.
    pub(crate) fn restart(&mut self, headers: &HeaderMap, total: Option<u64>) -> Result<(), Error> {
        self.forget();
        // In this order: bytes must never stand beside what belongs to others.
        let truncated = self.file.set_len(0);
        truncated.map_err(Error::file(&self.paths.part))?;
        self.note(headers, total)
    }

    /// Writes down which version it is of.
    fn note(&mut self, headers: &HeaderMap, total: Option<u64>) -> Result<(), Error> {
        self.total = total;
        self.origin = Validator::of(headers).map(|validator| Origin {
            url: self.url,
            validator,
            total,
        });
        match &self.origin {
            Some(origin) => {
                let written = fs::write(&self.paths.from, origin.to_text());
                written.map_err(Error::file(&self.paths.from))
            }
            None => {
                let _ = fs::remove_file(&self.paths.from);
                Ok(())
            }
        }
    }

    /// Goes on, with the header of an answer that has the rest, or some of it.
    pub(crate) fn go_on_with(
        &mut self,
        headers: &HeaderMap,
        total: Option<u64>,
    ) -> Result<(), Error> {
        let total = self.total.or(total);
        if self.origin.is_none() || self.total != total {
            self.note(headers, total)?;
        }
        Ok(())
    }

    /// Takes some bytes; `true` if it is time to [`flush`](PartFile::flush).
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() >= BUFFER
    }

    /// Writes what was taken.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.write().map_err(Error::file(&self.paths.part))
    }

    fn write(&mut self) -> io::Result<()> {
        // A write that failed has moved the position by whatever it did write: what is tried again
        // belongs over that, not behind it.
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(&self.buffer)?;
        self.written = self.length();
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.buffer);
        }
        self.buffer.clear();
        Ok(())
    }

    /// Gives the file its name, if it has the length and the checksum that it should have, and tells
    /// its checksum if that was wanted. With a wrong one it is deleted.
    pub(crate) fn finish(mut self, ending: &Ending<'_>) -> Result<Option<Checksum>, Error> {
        self.flush()?;
        if let Some(total) = self.total
            && total != self.written
        {
            return Err(Error::Cut {
                received: self.written,
                announced: Some(total),
            });
        }
        // Nothing of what is whole could be gone on with.
        self.origin = None;
        self.adopted = false;
        let found = self.hasher.take().map(Hasher::finish);
        if let (Some(expected), Some(found)) = (ending.checksum, found)
            && found != expected
        {
            return Err(Error::Checksum { expected, found });
        }
        self.name(ending).map_err(Error::file(&self.paths.target))?;
        self.finished = true;
        Ok(found)
    }

    fn name(&self, ending: &Ending<'_>) -> io::Result<()> {
        // What an adopted or killed run left beyond the end.
        self.file.set_len(self.written)?;
        if let Ok(old) = fs::metadata(&self.paths.target) {
            self.file.set_permissions(old.permissions())?;
        }
        if let Some(modified) = ending.modified {
            self.file.set_modified(modified)?;
        }
        if let Some(before) = ending.before {
            before(&self.paths.target, self.written)?;
        }
        // In this order: once the part has lost its name, others may begin it anew.
        let _ = fs::remove_file(&self.paths.from);
        fs::rename(&self.paths.part, &self.paths.target)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // The last bytes are worth a try; without them there is just a little more to fetch.
        let kept = self.origin.is_some()
            && self.length() > 0
            && (self.write().is_ok()
                || self.written > 0 && self.file.set_len(self.written).is_ok());
        if !kept {
            // In this order, as in `finish`.
            let _ = fs::remove_file(&self.paths.from);
            let _ = fs::remove_file(&self.paths.part);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> Url {
        text.parse().unwrap()
    }

    fn open(target: &Path) -> PartFile {
        let how = Opening {
            hashed: true,
            ..Opening::default()
        };
        PartFile::open(target, &url("http://a.example/file"), how).unwrap()
    }

    fn left(length: u64) -> Option<Left> {
        Some(Left {
            length,
            total: None,
            validator: Some(Validator::Tag("\"1\"".to_owned())),
        })
    }

    fn wanted(text: &str) -> Ending<'static> {
        Ending {
            checksum: Some(Checksum::of(text)),
            ..Ending::default()
        }
    }

    fn tagged() -> HeaderMap {
        HeaderMap::from_iter([(http::header::ETAG, "\"1\"".parse().unwrap())])
    }

    #[test]
    fn a_part_is_gone_on_with_and_gets_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = open(&target);
        assert_eq!(part.left(), None);
        part.restart(&tagged(), None).unwrap();
        part.push(b"many ");
        drop(part);
        assert!(!target.exists());

        let mut part = open(&target);
        assert_eq!(part.left(), left(5));
        part.push(b"hands");
        part.finish(&wanted("many hands")).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"many hands");
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_gone_on_with_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let count = || fs::read_dir(folder.path().join(FOLDER)).unwrap().count();
        let mut part = open(&target);
        part.restart(&HeaderMap::new(), None).unwrap();
        part.push(b"many ");
        drop(part);
        assert_eq!(count(), 0);

        let mut part = open(&target);
        part.restart(&tagged(), None).unwrap();
        part.push(b"many ");
        drop(part);
        assert_eq!(count(), 2);
        let other =
            PartFile::open(&target, &url("http://b.example/file"), Opening::default()).unwrap();
        assert_eq!(other.left(), None);
        drop(other);
        assert_eq!(count(), 0);
    }

    #[test]
    fn a_wrong_checksum_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = open(&target);
        part.restart(&tagged(), None).unwrap();
        part.push(b"many hands");
        let error = part.finish(&wanted("few hands")).unwrap_err();
        assert!(matches!(error, Error::Checksum { .. }));
        assert!(!target.exists());
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn two_do_not_write_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let _first = open(&target);
        let error =
            PartFile::open(&target, &url("http://a.example/file"), Opening::default()).unwrap_err();
        assert!(error.to_string().contains("another program"), "{error}");
    }

    #[test]
    fn a_write_that_failed_halfway_leaves_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = open(&target);
        part.restart(&tagged(), None).unwrap();
        part.push(b"many ");
        part.flush().unwrap();
        part.push(b"hands");
        // What `write_all` does before it meets the end of the disk.
        part.file.write_all(b"han").unwrap();
        let path = part.paths.part.clone();
        drop(part);
        assert_eq!(fs::read(&path).unwrap(), b"many hands");

        // And with a disk that stays full, here one that must not be written: nothing is better
        // than what is not known.
        let mut part = open(&target);
        assert_eq!(part.left(), left(10));
        part.push(b" more");
        part.file = File::open(&path).unwrap();
        assert!(part.flush().is_err());
        drop(part);
        assert!(!path.exists());
    }

    #[test]
    fn a_file_is_whole_only_with_all_of_its_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = open(&target);
        part.restart(&tagged(), Some(10)).unwrap();
        part.push(b"many ");
        let error = part.finish(&Ending::default()).unwrap_err();
        assert!(matches!(
            error,
            Error::Cut {
                received: 5,
                announced: Some(10)
            }
        ));
        assert!(!target.exists());
        let part = open(&target);
        assert_eq!(
            part.left().map(|left| (left.length, left.total)),
            Some((5, Some(10)))
        );
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_mode_and_a_link_its_place() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let (target, link) = (folder.path().join("file"), folder.path().join("link"));
        fs::write(&target, "old").unwrap();
        fs::set_permissions(&target, PermissionsExt::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        let mut part = open(&link);
        part.restart(&tagged(), None).unwrap();
        part.push(b"new");
        part.finish(&Ending::default()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(
            fs::metadata(&target).unwrap().permissions().mode() & 0o777,
            0o640
        );
    }

    #[test]
    fn what_another_program_left_is_gone_on_with_when_asked() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        fs::write(&target, "many ").unwrap();
        assert_eq!(open(&target).left(), None);
        let how = Opening {
            adopts: true,
            ..Opening::default()
        };
        let mut part = PartFile::open(&target, &url("http://a.example/file"), how).unwrap();
        let left = part.left().unwrap();
        assert_eq!((left.length, left.validator), (5, None));
        part.go_on_with(&tagged(), Some(10)).unwrap();
        part.push(b"ha");
        drop(part);
        assert_eq!(
            fs::read(&target).unwrap(),
            b"many ",
            "it stays until the whole is there"
        );
        let mut part = open(&target);
        assert_eq!(part.left().map(|left| left.length), Some(7));
        part.push(b"nds");
        part.finish(&Ending::default()).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"many hands");
    }
}
