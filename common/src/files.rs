//! Files that are either whole or not there.

use crate::stdout::{Stdout, stdout};
use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is written piece by piece to a temporary sibling, and renamed into place when it is
/// [finished](PendingFile::finish). One that is dropped before leaves nothing behind.
///
/// A file that is there already keeps its mode and, where the system allows it, its owner; one that
/// may not be written is refused. A symbolic link stays: what it points to is replaced, or made. A
/// device or a pipe is written to as it is: renaming would put a file in the place of `/dev/null`.
/// The path `-` is standard output; a file of that name is `./-`.
///
/// The sibling's name starts with a dot and ends in `.tmp`. The file is not synced to disk: this
/// guards against a killed program, not against a power cut.
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
    /// What the user called it.
    path: PathBuf,
}

/// Where a [`PendingFile`]'s bytes go.
#[derive(Debug)]
enum Out {
    Stdout(Stdout),
    Device(File),
    Sibling(Sibling),
}

/// A temporary file, removed with this unless it was renamed.
#[derive(Debug)]
struct Sibling {
    file: File,
    path: PathBuf,
    /// What it is to be called.
    target: PathBuf,
    renamed: bool,
}

impl Drop for Sibling {
    fn drop(&mut self) {
        if !self.renamed {
            // The first error is the one worth telling; a leftover is harmless.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl PendingFile {
    /// Begins a file that will be at `path`.
    ///
    /// # Errors
    ///
    /// If the file that is there may not be written, or the sibling can't be created; the path is in
    /// front.
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

    /// Renames it into place.
    ///
    /// # Errors
    ///
    /// What renaming says, with the path in front; the sibling is removed.
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

/// Whether a path means standard output.
pub fn is_stdout(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Opens a device, or a sibling of what `path` is, or is a link to.
fn open(path: &Path) -> io::Result<Out> {
    let target = behind_links(path)?;
    match fs::metadata(&target) {
        Ok(there) if there.is_file() => {
            // Whoever may rename could replace it; whoever made it read-only did not mean that.
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

/// As many links as Linux follows.
const MOST_LINKS: usize = 40;

/// What a path leads to, through symbolic links that may lead nowhere yet.
fn behind_links(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MOST_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|it| it.is_symlink()) {
            return Ok(path);
        }
        let target = fs::read_link(&path)?;
        // An absolute target replaces all of it.
        path.pop();
        path.push(target);
    }
    // What the system says of too many links, or of a circle.
    fs::metadata(&path).map(|_| path)
}

/// Whether two paths are, or will be, the same file.
pub fn is_same(a: &Path, b: &Path) -> bool {
    let place = |path: &Path| -> Option<PathBuf> {
        let path = behind_links(path).ok()?;
        let folder = fs::canonicalize(folder_of(&path)).ok()?;
        Some(folder.join(path.file_name()?))
    };
    a == b || matches!((place(a), place(b)), (Some(a), Some(b)) if a == b)
}

/// Only the superuser may give files away: for others it is theirs already, or stays so.
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
            // Its errors say what they are about.
            Out::Stdout(out) => return out.write(bytes),
            Out::Device(file) | Out::Sibling(Sibling { file, .. }) => file.write(bytes),
        };
        written.map_err(|error| named(&self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.out {
            Out::Stdout(out) => out.flush(),
            // Files have no buffer of their own.
            Out::Device(_) | Out::Sibling(_) => Ok(()),
        }
    }
}

/// Writes `bytes` to a file in one go, as a [`PendingFile`]: an interrupted run leaves the old file
/// or the new one, never half of one.
///
/// # Errors
///
/// Whatever creating, writing or renaming says, with the path in front; the sibling is removed.
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

/// Checks, before any work is done, that the folder that `path` is to be written to is there. For
/// standard output, `-`, there is nothing to check.
///
/// # Errors
///
/// If it is not, or is no folder; the path is in front.
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

/// [`write_atomically`], into a file that on Unix only its owner may read and write (mode 0600), in the place
/// of whatever is there.
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

/// Unique among processes by pid and within one by a counter, so two writers never share it.
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
