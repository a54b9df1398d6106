//! The end of a part: it gets its name, is kept for another run, or is deleted.

use std::fs;
use std::io;
use std::path::Path;
use std::time::SystemTime;

use super::PartFile;
use crate::checksum::{Checksum, Hasher};
use crate::error::Error;

/// How a file is finished.
#[derive(Default)]
pub(crate) struct Ending<'a> {
    /// The checksum it must have.
    pub(crate) checksum: Option<Checksum>,
    /// When the server last changed it.
    pub(crate) modified: Option<SystemTime>,
    /// Called before the file gets its name.
    pub(crate) before: Option<Before<'a>>,
}

/// `(path, length)`.
pub(crate) type Before<'a> = &'a dyn Fn(&Path, u64) -> io::Result<()>;

impl PartFile {
    /// Gives the file its name, if its length and its checksum are right. Returns the checksum if it was wanted.
    /// A file with a wrong checksum is deleted.
    pub(crate) fn finish(mut self, ending: &Ending<'_>) -> Result<Option<Checksum>, Error> {
        self.flush()?;
        let there = self.there();
        if let Some(total) = self.total
            && total != there
        {
            return Err(Error::Cut {
                received: there,
                announced: Some(total),
            });
        }
        if let Some((spans, _)) = self.spans.take() {
            spans.close();
            self.written = spans.total();
            self.hash().map_err(Error::file(&self.paths.part))?;
        }
        // A complete file is not resumed.
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

    fn delete(&self) {
        // In this order, as in `finish`.
        let _ = fs::remove_file(&self.paths.from);
        let _ = fs::remove_file(&self.paths.part);
    }

    fn name(&self, ending: &Ending<'_>) -> io::Result<()> {
        // An earlier run or another program may have left bytes beyond the end.
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
        // In this order: once the part has lost its name, another run may start a new one.
        let _ = fs::remove_file(&self.paths.from);
        fs::rename(&self.paths.part, &self.paths.target)
    }
}

impl Drop for PartFile {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        // Try to write the last bytes. If that fails, a later run fetches them again.
        if let Some((spans, _)) = self.spans.take() {
            let _ = spans.write(self.written, &self.buffer);
            // On a full disk the last record stays, with fewer bytes than there are.
            let _ = spans.note();
            let kept = spans.there() > 0;
            spans.close();
            if !kept || self.origin.is_none() {
                self.delete();
            }
            return;
        }
        let kept = self.origin.is_some()
            && self.length() > 0
            && (self.write().is_ok()
                || self.written > 0 && self.file.set_len(self.written).is_ok());
        if !kept {
            self.delete();
        }
    }
}
