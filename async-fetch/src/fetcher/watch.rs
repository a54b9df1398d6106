//! The trait for code that watches requests.

use std::io;
use std::path::Path;
use std::time::Duration;

use url::Url;

/// Hears how requests get on. It is called on the runtime's threads, and must not block.
pub trait Watch: Send + Sync {
    /// An attempt starts.
    fn started(&self, tag: u64, url: &Url, attempt: u32) {
        let _ = (tag, url, attempt);
    }

    /// So much of the body is there, of so much if that is known.
    fn received(&self, tag: u64, bytes: u64, of: Option<u64>) {
        let _ = (tag, bytes, of);
    }

    /// There will be another attempt, after a wait.
    fn waits(&self, tag: u64, wait: Duration, reason: &str) {
        let _ = (tag, wait, reason);
    }

    /// A file is whole, has this length, and is about to get this name. It is called where it may
    /// block; its error becomes the request's.
    ///
    /// # Errors
    /// If the file should not get its name.
    fn saves(&self, tag: u64, path: &Path, length: u64) -> io::Result<()> {
        let _ = (tag, path, length);
        Ok(())
    }

    /// It is over.
    fn finished(&self, tag: u64) {
        let _ = tag;
    }
}
