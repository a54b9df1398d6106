//! A file that is written while it comes, and appears under its name when it is complete.
//!
//! Until then its bytes are in a folder [`FOLDER`] beside it: `NAME.part` has the bytes, and `NAME.from` the
//! version (`ETag`, `Last-Modified`, length). With both, a later run resumes the download. A part that can't
//! be resumed is deleted. Nothing is synced to the disk: a part survives a kill, not a power cut.
//!
//! Everything here blocks: call it where blocking is allowed.

mod ending;
mod extents;
mod locked;
mod origin;
mod paths;
mod spans;
#[cfg(test)]
mod tests;

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use http::HeaderMap;
use url::Url;

use crate::checksum::Hasher;
use crate::error::Error;
use origin::Origin;
use paths::Paths;

pub(crate) use ending::Ending;
pub(crate) use origin::Validator;
pub(crate) use spans::{Segment, Spans};

/// The folder of parts.
pub const FOLDER: &str = ".async-fetch";

/// Bytes that are written at once.
pub(crate) const BUFFER: usize = 256 * 1024;

/// An incomplete file. If it is dropped before [`finish`](PartFile::finish), it is kept if it can be
/// resumed.
#[derive(Debug)]
pub(crate) struct PartFile {
    file: File,
    paths: Paths,
    /// A hash of the URL.
    url: u64,
    /// Bytes that are certainly written; a write that failed may have written some more. With spans, the
    /// position of the next byte.
    written: u64,
    buffer: Vec<u8>,
    /// `None` if another run can't resume it.
    origin: Option<Origin>,
    /// The length of the whole, if it is known.
    total: Option<u64>,
    /// It began with a file that another program left.
    adopted: bool,
    /// Its bytes came in several answers.
    is_mixed: bool,
    hasher: Option<Hasher>,
    /// Its ranges, if it is fetched in several; and the end of the range that comes now.
    spans: Option<(Arc<Spans>, u64)>,
    finished: bool,
}

/// What was done with bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pushed {
    /// They are kept.
    Kept,
    /// They are kept, and the buffer should be written.
    Full,
    /// The bytes after them are there already, or another request fetches them.
    Met,
}

/// How a part is opened.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Opening {
    /// Compute its checksum.
    pub(crate) hashed: bool,
    /// If there is no part, use an existing file as the beginning.
    pub(crate) adopts: bool,
}

/// The existing part of a body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Left {
    pub(crate) length: u64,
    /// The end of the missing bytes, if it is not the end of the file.
    pub(crate) until: Option<u64>,
    pub(crate) total: Option<u64>,
    /// `None` for a file of another program.
    pub(crate) validator: Option<Validator>,
}

impl PartFile {
    /// Opens the part of a file, with the bytes of an earlier run.
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
            is_mixed: false,
            hasher: how.hashed.then(Hasher::default),
            spans: None,
            finished: false,
        };
        it.go_on(how.adopts).map_err(Error::file(&it.paths.part))?;
        Ok(it)
    }

    /// Uses the existing part, if it is from the same URL and has a validator.
    fn go_on(&mut self, adopts: bool) -> io::Result<()> {
        let known = fs::read_to_string(&self.paths.from).unwrap_or_default();
        let mine = |origin: &Origin| origin.url == self.url;
        self.origin = Origin::from_text(&known).filter(mine);
        if let Some(origin) = &self.origin {
            self.total = origin.total;
        } else if adopts && self.paths.target.is_file() {
            // A copy: the existing file stays until the new one is complete.
            self.file.set_len(0)?;
            io::copy(&mut File::open(&self.paths.target)?, &mut self.file)?;
            self.adopted = true;
        } else {
            return Ok(());
        }
        self.written = self.file.seek(SeekFrom::End(0))?;
        let there = self.origin.as_ref().and_then(|it| it.there.as_ref());
        let needed = there.map_or(0, extents::Extents::end);
        let too_long = self.total.is_some_and(|total| total < self.written);
        if too_long || needed > self.written || there.is_some() && self.total.is_none() {
            // The record and the file do not fit.
            self.forget();
            return Ok(());
        }
        if there.is_some() {
            return self.make_spans();
        }
        self.hash()
    }

    /// Reads the existing bytes, if the checksum is wanted.
    fn hash(&mut self) -> io::Result<()> {
        let Some(hasher) = &mut self.hasher else {
            return Ok(());
        };
        *hasher = Hasher::default();
        self.file.rewind()?;
        let mut piece = vec![0; BUFFER];
        loop {
            match self.file.read(&mut piece)? {
                0 => return Ok(()),
                count => hasher.update(&piece[..count]),
            }
        }
    }

    /// Makes the spans that the record has.
    fn make_spans(&mut self) -> io::Result<()> {
        if let (Some(origin), Some(total)) = (&self.origin, self.total) {
            let (part, from) = (self.paths.part.clone(), self.paths.from.clone());
            let file = self.file.try_clone()?;
            let spans = Spans::new(file, part, from, origin.clone(), total);
            self.written = spans.gap().map_or(total, |gap| gap.start);
            self.spans = Some((Arc::new(spans), self.written));
        }
        Ok(())
    }

    /// Fetches it in up to `at_once` ranges from now on, if at least two ranges of `least` bytes are missing.
    pub(crate) fn split(&mut self, at_once: usize, least: u64) -> Result<(), Error> {
        if self.spans.is_none() {
            let missing = self.total.map_or(0, |total| total - self.length());
            let worth_it = at_once > 1 && missing >= least.saturating_mul(2);
            if !worth_it || self.origin.is_none() {
                return Ok(());
            }
            self.write().map_err(Error::file(&self.paths.part))?;
            if let Some(origin) = &mut self.origin {
                origin.there = Some(std::iter::once(0..self.written).collect());
            }
            self.make_spans().map_err(Error::file(&self.paths.part))?;
        }
        if let Some((spans, end)) = &mut self.spans {
            // In this order: the record must know of a gap before bytes are written behind it.
            spans.note().map_err(Error::file(&self.paths.from))?;
            spans.set(at_once, least);
            if *end == self.written {
                *end = spans.take_from(self.written);
            }
        }
        Ok(())
    }

    /// The ranges that it is fetched in.
    pub(crate) fn spans(&self) -> Option<&Arc<Spans>> {
        self.spans.as_ref().map(|(spans, _)| spans)
    }

    /// The number of existing bytes, in all ranges.
    pub(crate) fn there(&self) -> u64 {
        self.spans().map_or(self.length(), |spans| spans.there())
    }

    /// Whether no byte is missing, and there is a validator to compare with the server's.
    pub(crate) fn is_complete(&self) -> bool {
        self.origin.is_some() && self.total.is_some_and(|it| it > 0 && it == self.there())
    }

    /// Whether its bytes came in several answers.
    pub(crate) fn is_mixed(&self) -> bool {
        self.is_mixed || self.spans().is_some_and(|spans| spans.is_mixed())
    }

    /// The part for which the rest can be requested. If nothing is missing, the rest is the last byte: its
    /// answer has the server's validator, which a 416 for the end of the file may lack.
    pub(crate) fn left(&self) -> Option<Left> {
        let validator = self.origin.as_ref().map(|origin| origin.validator.clone());
        if let Some(total) = self.total.filter(|_| self.is_complete()) {
            return Some(Left {
                length: total - 1,
                until: None,
                total: Some(total),
                validator,
            });
        }
        if let Some((spans, _)) = &self.spans {
            let total = spans.total();
            let gap = spans.gap().unwrap_or(total..total);
            return Some(Left {
                length: gap.start,
                until: Some(gap.end).filter(|end| *end < total),
                total: Some(total),
                validator,
            });
        }
        let usable = validator.is_some() || self.adopted;
        (usable && self.length() > 0).then(|| Left {
            length: self.length(),
            until: None,
            total: self.total,
            validator,
        })
    }

    /// The position of the next byte, with those in the buffer.
    pub(crate) fn length(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Forgets the existing bytes: they are useless.
    fn forget(&mut self) {
        self.buffer.clear();
        self.written = 0;
        self.origin = None;
        self.total = None;
        self.adopted = false;
        self.is_mixed = false;
        if let Some((spans, _)) = self.spans.take() {
            spans.close();
        }
        if let Some(hasher) = &mut self.hasher {
            *hasher = Hasher::default();
        }
    }

    /// Starts from the beginning, with an answer's header; `total` is the length of the whole.
    pub(crate) fn restart(&mut self, headers: &HeaderMap, total: Option<u64>) -> Result<(), Error> {
        self.forget();
        // In this order: old bytes must never stand beside a new record.
        let truncated = self.file.set_len(0);
        truncated.map_err(Error::file(&self.paths.part))?;
        self.note(headers, total)
    }

    /// Records its version.
    fn note(&mut self, headers: &HeaderMap, total: Option<u64>) -> Result<(), Error> {
        self.total = total;
        self.origin = Validator::of(headers).map(|validator| Origin {
            url: self.url,
            validator,
            total,
            there: None,
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

    /// Resumes, with the header of an answer that has the rest, or some of it.
    pub(crate) fn go_on_with(
        &mut self,
        headers: &HeaderMap,
        total: Option<u64>,
    ) -> Result<(), Error> {
        self.is_mixed = true;
        let total = self.total.or(total);
        if let Some((spans, end)) = &mut self.spans {
            // Any request may fetch the range of the last answer now.
            spans.give_back(self.written..*end);
            self.written = spans.gap().map_or(spans.total(), |gap| gap.start);
            *end = self.written;
            return Ok(());
        }
        if self.origin.is_none() || self.total != total {
            self.note(headers, total)?;
        }
        Ok(())
    }

    /// Adds bytes to the buffer. Returns whether it is time to [`flush`](PartFile::flush).
    pub(crate) fn push(&mut self, mut bytes: &[u8]) -> Pushed {
        while let Some((spans, end)) = &mut self.spans {
            let at = self.written + self.buffer.len() as u64;
            if at == *end {
                *end = spans.take_from(at);
            }
            if at == *end && at < spans.total() {
                return Pushed::Met;
            }
            let room = usize::try_from(*end - at).unwrap_or(usize::MAX);
            let (some, rest) = bytes.split_at(room.min(bytes.len()));
            self.buffer.extend_from_slice(some);
            bytes = rest;
            if some.is_empty() {
                break;
            }
        }
        if self.spans.is_none() {
            self.buffer.extend_from_slice(bytes);
        }
        match self.buffer.len() >= BUFFER {
            true => Pushed::Full,
            false => Pushed::Kept,
        }
    }

    /// Writes the buffer.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        self.write().map_err(Error::file(&self.paths.part))
    }

    fn write(&mut self) -> io::Result<()> {
        if let Some((spans, _)) = &self.spans {
            spans.write(self.written, &self.buffer)?;
            self.written = self.length();
            self.buffer.clear();
            return Ok(());
        }
        // A write that failed has moved the position by the bytes that it wrote: the next one must
        // overwrite them.
        self.file.seek(SeekFrom::Start(self.written))?;
        self.file.write_all(&self.buffer)?;
        self.written = self.length();
        if let Some(hasher) = &mut self.hasher {
            hasher.update(&self.buffer);
        }
        self.buffer.clear();
        Ok(())
    }
}
