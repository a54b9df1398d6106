//! Files that appear whole or not at all.

use crate::stdout::{Stdout, stdout};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is written to a temporary file in the same folder, and renamed when it is
/// [finished](PendingFile::finish). If it is dropped before, nothing is left.
///
/// If the file exists, its mode is kept, and its owner where the system allows it; a file without
/// write permission is an error. If the path is a symbolic link, the link stays, and its target is
/// replaced or created. A device or a pipe is written directly: a rename would replace `/dev/null`
/// by a file. The path `-` is standard output; a file of that name is `./-`.
///
/// The temporary file's name starts with a dot and ends in `.tmp`. The file is not synced to disk:
/// this protects against a killed program, not against a power failure.
///
/// # Examples
///
/// ```
/// use std::io::Write;
///
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("page.html");
/// let mut page = common::files::PendingFile::create(&path)?;
/// page.write_all(b"<p>")?;
/// assert!(!path.exists());
/// page.finish()?;
/// assert_eq!(std::fs::read(&path)?, b"<p>");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct PendingFile {
    out: Out,
    /// The path that the caller gave.
    path: PathBuf,
}

/// The destination of a [`PendingFile`]'s bytes.
#[derive(Debug)]
enum Out {
    Stdout(Stdout),
    Device(File),
    Sibling(Sibling),
}

/// The temporary file. Drop removes it, unless it was renamed.
#[derive(Debug)]
struct Sibling {
    file: File,
    path: PathBuf,
    /// The final path.
    target: PathBuf,
    renamed: bool,
}

impl Drop for Sibling {
    fn drop(&mut self) {
        if !self.renamed {
            // The first error is the one to report. A left-over file does no harm.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl PendingFile {
    /// Starts to write the file `path`.
    ///
    /// # Errors
    ///
    /// If the existing file has no write permission, or the temporary file can't be created. The
    /// message begins with the path.
    pub fn create(path: impl AsRef<Path>) -> io::Result<PendingFile> {
        let path = path.as_ref();
        let out = match is_stdout(path) {
            true => Ok(Out::Stdout(stdout())),
            false => open(path).map_err(|error| named(path, &error)),
        };
        Ok(PendingFile {
            out: out?,
            path: path.to_owned(),
        })
    }

    fn private(path: &Path) -> io::Result<PendingFile> {
        let sibling = Sibling::create(path, true).map_err(|error| named(path, &error))?;
        Ok(PendingFile {
            out: Out::Sibling(sibling),
            path: path.to_owned(),
        })
    }

    /// Renames the file to its final path.
    ///
    /// # Errors
    ///
    /// If the rename fails. The message begins with the path, and the temporary file is removed.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        if let Out::Sibling(sibling) = &mut self.out {
            let renamed = fs::rename(&sibling.path, &sibling.target);
            renamed.map_err(|error| named(&self.path, &error))?;
            sibling.renamed = true;
        }
        Ok(())
    }
}

/// Whether a path means standard output: `-`.
pub fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens a device, or a temporary file beside the target of `path`.
fn open(path: &Path) -> io::Result<Out> {
    let target = behind_links(path)?;
    match fs::metadata(&target) {
        Ok(there) if there.is_file() => {
            // The rename would succeed even for a read-only file. But its owner does not want it
            // replaced.
            OpenOptions::new().write(true).open(&target)?;
            let sibling = Sibling::create(&target, false)?;
            keep_owner(&sibling.file, &there);
            sibling.file.set_permissions(there.permissions())?;
            Ok(Out::Sibling(sibling))
        }
        Ok(there) if !there.is_dir() => {
            let device = OpenOptions::new().write(true).open(&target)?;
            Ok(Out::Device(device))
        }
        _ => Ok(Out::Sibling(Sibling::create(&target, false)?)),
    }
}

/// The maximum number of links that Linux follows.
const MOST_LINKS: usize = 40;

/// Follows symbolic links. The target of the last one may not exist yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        // An absolute target replaces the whole path.
        path.pop();
        path.push(target);
    }
    // Return the system's own error for too many links, or for a loop.
    fs::metadata(&path).map(|_| path)
}

/// Whether two paths are the same file, or will be when they are created.
pub fn is_same(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| -> Option<PathBuf> {
        let path = behind_links(path).ok()?;
        let folder = fs::canonicalize(folder_of(&path)).ok()?;
        Some(folder.join(path.file_name()?))
    };
    a == b || matches!((place(a), place(b)), (Some(a), Some(b)) if a == b)
}

/// Only the superuser may change the owner. For other users the file either is theirs already, or
/// becomes theirs.
#[cfg_attr(not(unix), expect(unused_variables, reason = "owners are Unix's"))]
fn keep_owner(file: &File, there: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, fchown};
        let _ = fchown(file, Some(there.uid()), Some(there.gid()));
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.out {
            // Errors of standard output already name it.
            Out::Stdout(out) => return out.write(bytes),
            Out::Device(file) | Out::Sibling(Sibling { file, .. }) => file.write(bytes),
        };
        written.map_err(|error| named(&self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Stdout(out) => out.flush(),
            // Files have no buffer here.
            Out::Device(_) | Out::Sibling(_) => Ok(()),
        }
    }
}

/// Writes `bytes` to a file by a [`PendingFile`]: after an interruption there is the old file or
/// the new one, never half of one.
///
/// # Errors
///
/// If creating, writing or renaming fails. The message begins with the path, and the temporary file
/// is removed.
///
/// # Examples
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// let path = folder.path().join("table.md");
/// common::files::write_atomically(&path, "| model |\n")?;
/// assert_eq!(std::fs::read_to_string(&path)?, "| model |\n");
/// # Ok::<(), std::io::Error>(())
/// ```
pub fn write_atomically(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    write(PendingFile::create(path)?, bytes.as_ref())
}

/// Checks, before any work is done, that the folder of `path` exists. For standard output, `-`, it
/// does nothing.
///
/// # Errors
///
/// If the folder does not exist, or is not a folder. The message begins with the path.
pub fn check_folder_of(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    if is_stdout(path) {
        return Ok(());
    }
    let metadata = fs::metadata(folder_of(path)).map_err(|error| named(path, &error))?;
    if metadata.is_dir() {
        return Ok(());
    }
    Err(named(path, &io::ErrorKind::NotADirectory.into()))
}

fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Like [`write_atomically`], but on Unix only the owner may read and write the file (mode 0600),
/// whatever file it replaces.
///
/// # Errors
///
/// As [`write_atomically`].
pub fn write_privately(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    write(PendingFile::private(path.as_ref())?, bytes.as_ref())
}

fn write(mut file: PendingFile, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.finish()
}

impl Sibling {
    #[cfg_attr(not(unix), expect(unused_variables, reason = "modes are Unix's"))]
    fn create(target: &Path, private: bool) -> io::Result<Sibling> {
        let path = sibling(target)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        Ok(Sibling {
            file: options.open(&path)?,
            path,
            target: target.to_owned(),
            renamed: false,
        })
    }
}

/// The name contains the pid and a counter, so two writers never use the same one.
fn sibling(path: &Path) -> io::Result<PathBuf> {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let name = path
        .file_name()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "not a file name"))?;
    let mut temporary = OsString::from(".");
    temporary.push(name);
    let serial = NEXT.fetch_add(1, Ordering::Relaxed);
    temporary.push(format!(".{}-{serial}.tmp", std::process::id()));
    Ok(path.with_file_name(temporary))
}

fn named(path: &Path, error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests;
