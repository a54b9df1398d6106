//! Files, with the names of `std::fs`. The system has no readiness for files, so reading one may
//! block. A thread of the pool does it ([`offload`]), and the other green threads run.

use std::fmt;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::offload;

/// The most that one call of [`File::read`] reads. The data is copied once, from the pool's thread
/// to this one.
pub const MAX_READ: usize = 1 << 20;

/// Reads a whole file.
///
/// # Errors
///
/// As [`std::fs::read`].
pub fn read(path: impl AsRef<Path>) -> io::Result<Vec<u8>> {
    with_path(path, std::fs::read)
}

/// Reads a whole file, which must be UTF-8.
///
/// # Errors
///
/// As [`std::fs::read_to_string`].
///
/// # Examples
///
/// ```
/// # fn main() -> std::io::Result<()> {
/// let manifest = green_threads::fs::read_to_string("Cargo.toml")?;
/// assert!(manifest.contains("green-threads"));
/// # Ok(()) }
/// ```
pub fn read_to_string(path: impl AsRef<Path>) -> io::Result<String> {
    with_path(path, std::fs::read_to_string)
}

/// Writes a file: `contents` replaces everything in it.
///
/// # Errors
///
/// As [`std::fs::write`].
pub fn write(path: impl AsRef<Path>, contents: impl AsRef<[u8]>) -> io::Result<()> {
    let contents = contents.as_ref().to_vec();
    with_path(path, |path| std::fs::write(path, contents))
}

/// Removes a file.
///
/// # Errors
///
/// As [`std::fs::remove_file`].
pub fn remove_file(path: impl AsRef<Path>) -> io::Result<()> {
    with_path(path, std::fs::remove_file)
}

/// The metadata of a file.
///
/// # Errors
///
/// As [`std::fs::metadata`].
pub fn metadata(path: impl AsRef<Path>) -> io::Result<std::fs::Metadata> {
    with_path(path, std::fs::metadata)
}

fn with_path<T: Send + 'static>(
    path: impl AsRef<Path>,
    f: impl FnOnce(PathBuf) -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    let path = path.as_ref().to_owned();
    offload(move || f(path))
}

/// An open file.
pub struct File {
    file: Arc<std::fs::File>,
}

impl File {
    /// Opens a file for reading.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::open`].
    pub fn open(path: impl AsRef<Path>) -> io::Result<File> {
        with_path(path, std::fs::File::open).map(File::from)
    }

    /// Opens a file for writing. An existing file is emptied.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::create`].
    pub fn create(path: impl AsRef<Path>) -> io::Result<File> {
        with_path(path, std::fs::File::create).map(File::from)
    }

    /// Waits until all that was written is on the disk.
    ///
    /// # Errors
    ///
    /// As [`std::fs::File::sync_all`].
    pub fn sync_all(&self) -> io::Result<()> {
        let file = Arc::clone(&self.file);
        offload(move || file.sync_all())
    }
}

impl From<std::fs::File> for File {
    fn from(file: std::fs::File) -> File {
        File {
            file: Arc::new(file),
        }
    }
}

impl Read for File {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let (file, length) = (Arc::clone(&self.file), buffer.len().min(MAX_READ));
        let bytes = offload(move || {
            let mut bytes = vec![0; length];
            let read = (&*file).read(&mut bytes)?;
            bytes.truncate(read);
            Ok::<_, io::Error>(bytes)
        })?;
        buffer[..bytes.len()].copy_from_slice(&bytes);
        Ok(bytes.len())
    }
}

impl Write for File {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let (file, bytes) = (Arc::clone(&self.file), bytes.to_vec());
        offload(move || (&*file).write(&bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for File {
    fn seek(&mut self, position: SeekFrom) -> io::Result<u64> {
        // It only changes a number in the kernel, so it does not block.
        (&*self.file).seek(position)
    }
}

impl fmt::Debug for File {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.file.fmt(f)
    }
}
