//! The trait for code that watches requests.

use std::io;
use std::path::Path;
use std::time::Duration;

use url::Url;

/// Observes requests. It is called on the runtime's threads, and must not block.
pub trait Watch: Send + Sync {
    /// An attempt starts.
    fn started(&self, tag: u64, url: &Url, attempt: u32) {
        let _ = (tag, url, attempt);
    }

    /// A part of the body has come: how many bytes there are, and the length of the whole if it is known.
    fn received(&self, tag: u64, bytes: u64, of: Option<u64>) {
        let _ = (tag, bytes, of);
    }

    /// There will be another attempt, after a wait.
    fn waits(&self, tag: u64, wait: Duration, reason: &str) {
        let _ = (tag, wait, reason);
    }

    /// A file is complete, has this length, and is about to get this name. This method may block. Its error
    /// becomes the error of the request.
    ///
    /// # Errors
    /// If the file should not get its name.
    fn saves(&self, tag: u64, path: &Path, length: u64) -> io::Result<()> {
        let _ = (tag, path, length);
        Ok(())
    }

    /// The request has ended.
    fn finished(&self, tag: u64) {
        let _ = tag;
    }
}
