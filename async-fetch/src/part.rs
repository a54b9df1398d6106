//! A file that is written as it comes, and appears under its name when it is whole.
//!
//! Until then its bytes lie in a folder [`FOLDER`] beside it: `NAME.part`, and `NAME.from` with
//! the URL and what tells whether the server still has the same (RFC 9110, section 13.1.5). With
//! both, a later run goes on where this one stopped. A part that can't be gone on with is deleted.
//! Nothing is synced to the disk: this is safe from being killed, not from a power cut.
//!
//! Everything here blocks, and is to be called where blocking is allowed.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use http::{HeaderMap, header};

use crate::checksum::{Checksum, Hasher};
use crate::error::Error;

/// Where parts lie.
pub const FOLDER: &str = ".async-fetch";

/// Written at once.
pub(crate) const BUFFER: usize = 256 * 1024;

/// A file in the making. Dropped before [`finish`](PartFile::finish), it keeps what came, if that
/// is of use.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    part: PathBuf,
    from: PathBuf,
    target: PathBuf,
    url: String,
    /// Bytes that are known to be written; a write that failed may have left some more.
    written: u64,
    buffer: Vec<u8>,
    validator: Option<String>,
    hasher: Option<Hasher>,
    finished: bool,
}

impl PartFile {
    /// Opens the part of a file, with what an earlier run left of it.
    pub(crate) fn open(target: &Path, url: &str, hashed: bool) -> Result<PartFile, Error> {
        let name = target.file_name().unwrap_or_default();
        let folder = target.with_file_name(FOLDER);
        fs::create_dir_all(&folder).map_err(Error::file(&folder))?;
        let with = |extension: &str| {
            let mut name = name.to_owned();
            name.push(extension);
            folder.join(name)
        };
        let (part, from) = (with(".part"), with(".from"));
        let file = open_locked(&part).map_err(Error::file(&part))?;
        let mut it = PartFile {
            file,
            part,
            from,
            target: target.to_owned(),
            url: url.to_owned(),
            written: 0,
            buffer: Vec::new(),
            validator: None,
            hasher: hashed.then(Hasher::default),
            finished: false,
        };
        it.go_on().map_err(Error::file(&it.part))?;
        Ok(it)
    }

    /// Takes up what is there, if it is from the same URL and can be asked about.
    fn go_on(&mut self) -> io::Result<()> {
        let known = fs::read_to_string(&self.from).unwrap_or_default();
        self.validator = known
            .split_once('\n')
            .filter(|(url, _)| *url == self.url)
            .and_then(|(_, validator)| validator.strip_suffix('\n'))
            .map(str::to_owned);
        if self.validator.is_none() {
            return Ok(());
        }
        self.written = self.file.seek(SeekFrom::End(0))?;
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

    /// From where on, and on which condition, the rest can be asked for.
    pub(crate) fn resume(&self) -> Option<(u64, &str)> {
        let validator = self.validator.as_deref()?;
        (self.length() > 0).then_some((self.length(), validator))
    }

    /// Bytes of it, those in the buffer included.
    fn length(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Begins anew, with an answer's header.
    pub(crate) fn restart(&mut self, headers: &HeaderMap) -> Result<(), Error> {
        self.buffer.clear();
        self.written = 0;
        if let Some(hasher) = &mut self.hasher {
            *hasher = Hasher::default();
        }
        // In this order: bytes must never stand beside what belongs to others.
        self.file.set_len(0).map_err(Error::file(&self.part))?;
        self.validator = validator(headers);
        match &self.validator {
            Some(validator) => {
                let text = format!("{}\n{validator}\n", self.url);
                fs::write(&self.from, text).map_err(Error::file(&self.from))
            }
            None => {
                let _ = fs::remove_file(&self.from);
                Ok(())
            }
        }
    }

    /// Takes some bytes; `true` if it is time to [`flush`](PartFile::flush).
    pub(crate) fn push(&mut self, bytes: &[u8]) -> bool {
        self.buffer.extend_from_slice(bytes);
        self.buffer.len() >= BUFFER
    }

    /// Writes what was taken.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.write().map_err(Error::file(&self.part))
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

    /// Gives the file its name, if its checksum is the one that is wanted. A wrong one is deleted.
    pub(crate) fn finish(mut self, wanted: Option<Checksum>) -> Result<(), Error> {
        self.flush()?;
        // Nothing of what is whole could be gone on with.
        self.validator = None;
        if let (Some(expected), Some(hasher)) = (wanted, self.hasher.take()) {
            let found = hasher.finish();
            if found != expected {
                return Err(Error::Checksum { expected, found });
            }
        }
        // In this order: once the part has lost its name, others may begin it anew.
        let _ = fs::remove_file(&self.from);
        fs::rename(&self.part, &self.target).map_err(Error::file(&self.target))?;
        self.finished = true;
        Ok(())
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // The last bytes are worth a try; without them there is just a little more to fetch.
        let kept = self.validator.is_some()
            && self.length() > 0
            && (self.write().is_ok()
                || self.written > 0 && self.file.set_len(self.written).is_ok());
        if !kept {
            // In this order, as in `finish`.
            let _ = fs::remove_file(&self.from);
            let _ = fs::remove_file(&self.part);
        }
    }
}

/// Opens a file that nobody else is writing, and keeps others from it.
fn open_locked(path: &Path) -> io::Result<File> {
    loop {
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(path)?;
        file.try_lock().map_err(|error| match error {
            TryLockError::WouldBlock => io::Error::other("another program is writing it"),
            TryLockError::Error(error) => error,
        })?;
        // Who held it until now may have renamed or deleted it since it was opened: then this would
        // be somebody's finished file.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

/// Whether the file is the one that has this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    let identity = |it: fs::Metadata| (it.dev(), it.ino());
    match fs::metadata(path) {
        Ok(there) => Ok(identity(there) == identity(file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// The standard library has no stable way to ask elsewhere.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

/// What an answer says by which it can be told from a later one: a strong tag, or a date of
/// modification that is a second old (RFC 9110, section 8.8.2.2).
fn validator(headers: &HeaderMap) -> Option<String> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let date = |name| text(name).and_then(|text| httpdate::parse_http_date(text).ok());
    if let Some(tag) = text(header::ETAG) {
        return (tag.starts_with('"') && tag.ends_with('"')).then(|| tag.to_owned());
    }
    let age = date(header::DATE)?
        .duration_since(date(header::LAST_MODIFIED)?)
        .ok()?;
    (age.as_secs() >= 1).then(|| text(header::LAST_MODIFIED).map(str::to_owned))?
}

#[cfg(test)]
mod tests {
    use super::*;

    const URL: &str = "http://a.example/file";

    fn tagged() -> HeaderMap {
        HeaderMap::from_iter([(header::ETAG, "\"1\"".parse().unwrap())])
    }

    #[test]
    fn a_part_is_gone_on_with_and_gets_its_name_when_it_is_whole() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = PartFile::open(&target, URL, true).unwrap();
        assert_eq!(part.resume(), None);
        part.restart(&tagged()).unwrap();
        part.push(b"many ");
        drop(part);
        assert!(!target.exists());

        let mut part = PartFile::open(&target, URL, true).unwrap();
        assert_eq!(part.resume(), Some((5, "\"1\"")));
        part.push(b"hands");
        part.finish(Some(Checksum::of("many hands"))).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"many hands");
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn what_cannot_be_gone_on_with_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let left = || fs::read_dir(folder.path().join(FOLDER)).unwrap().count();
        let mut part = PartFile::open(&target, URL, false).unwrap();
        part.restart(&HeaderMap::new()).unwrap();
        part.push(b"many ");
        drop(part);
        assert_eq!(left(), 0);

        let mut part = PartFile::open(&target, URL, false).unwrap();
        part.restart(&tagged()).unwrap();
        part.push(b"many ");
        drop(part);
        assert_eq!(left(), 2);
        let other = PartFile::open(&target, "http://b.example/file", false).unwrap();
        assert_eq!(other.resume(), None);
        drop(other);
        assert_eq!(left(), 0);
    }

    #[test]
    fn a_wrong_checksum_leaves_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = PartFile::open(&target, URL, true).unwrap();
        part.restart(&tagged()).unwrap();
        part.push(b"many hands");
        let error = part.finish(Some(Checksum::of("few hands"))).unwrap_err();
        assert!(matches!(error, Error::Checksum { .. }));
        assert!(!target.exists());
        assert_eq!(fs::read_dir(folder.path().join(FOLDER)).unwrap().count(), 0);
    }

    #[test]
    fn two_do_not_write_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let _first = PartFile::open(&target, URL, false).unwrap();
        let error = PartFile::open(&target, URL, false).unwrap_err();
        assert!(error.to_string().contains("another program"), "{error}");
    }

    #[test]
    fn a_write_that_failed_halfway_leaves_nothing_twice() {
        let folder = tempfile::tempdir().unwrap();
        let target = folder.path().join("file");
        let mut part = PartFile::open(&target, URL, true).unwrap();
        part.restart(&tagged()).unwrap();
        part.push(b"many ");
        part.flush().unwrap();
        part.push(b"hands");
        // What `write_all` does before it meets the end of the disk.
        part.file.write_all(b"han").unwrap();
        let path = part.part.clone();
        drop(part);
        assert_eq!(fs::read(&path).unwrap(), b"many hands");

        // And with a disk that stays full, here one that must not be written: nothing is better
        // than what is not known.
        let mut part = PartFile::open(&target, URL, true).unwrap();
        assert_eq!(part.resume(), Some((10, "\"1\"")));
        part.push(b" more");
        part.file = File::open(&path).unwrap();
        assert!(part.flush().is_err());
        drop(part);
        assert!(!path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_is_known_by_more_than_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let file = open_locked(&old).unwrap();
        assert!(is_at(&file, &old).unwrap());
        fs::rename(&old, &new).unwrap();
        assert!(!is_at(&file, &old).unwrap());
        let other = open_locked(&old).unwrap();
        assert!(!is_at(&file, &old).unwrap());
        assert!(is_at(&other, &old).unwrap());
    }

    #[test]
    fn only_strong_validators_count() {
        let known = |pairs: &[(header::HeaderName, &str)]| {
            let pairs = pairs
                .iter()
                .map(|(name, value)| (name.clone(), value.parse().unwrap()));
            validator(&HeaderMap::from_iter(pairs))
        };
        let modified = "Sun, 06 Nov 1994 08:49:37 GMT";
        assert_eq!(known(&[(header::ETAG, "\"x\"")]).as_deref(), Some("\"x\""));
        assert_eq!(known(&[(header::ETAG, "W/\"x\"")]), None);
        assert_eq!(known(&[(header::LAST_MODIFIED, modified)]), None);
        for (date, expected) in [
            ("Sun, 06 Nov 1994 08:49:37 GMT", None),
            ("Sun, 06 Nov 1994 08:49:38 GMT", Some(modified)),
        ] {
            let headers = [(header::LAST_MODIFIED, modified), (header::DATE, date)];
            assert_eq!(known(&headers).as_deref(), expected);
        }
    }
}
