//! Files that are either whole or not there.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

/// A file that is written piece by piece to a temporary sibling, and renamed into place when it is
/// [finished](PendingFile::finish). One that is dropped before leaves nothing behind.
///
/// The sibling's name starts with a dot and ends in `.tmp`. The file is not synced to disk: this
/// guards against a killed program, not against a power cut. A device or a pipe is written to as it
/// is: renaming would put a file in the place of `/dev/null`.
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
    file: File,
    path: PathBuf,
    /// What is to be renamed, or removed; `None` for a device or a pipe, and when that is done.
    temporary: Option<PathBuf>,
}

impl PendingFile {
    /// Begins a file that will be at `path`.
    ///
    /// # Errors
    ///
    /// If the sibling can't be created; the path is in front.
    pub fn create(path: impl AsRef<Path>) -> io::Result<PendingFile> {
        let path = path.as_ref();
        let special = fs::metadata(path).is_ok_and(|it| !it.is_file() && !it.is_dir());
        if !special {
            return PendingFile::beside(path, false);
        }
        let file = OpenOptions::new().write(true).open(path);
        Ok(PendingFile {
            file: file.map_err(|error| named(path, &error))?,
            path: path.to_owned(),
            temporary: None,
        })
    }

    fn beside(path: &Path, private: bool) -> io::Result<PendingFile> {
        let create = || {
            let temporary = sibling(path)?;
            Ok((create_new(&temporary, private)?, temporary))
        };
        let (file, temporary) = create().map_err(|error| named(path, &error))?;
        Ok(PendingFile {
            file,
            path: path.to_owned(),
            temporary: Some(temporary),
        })
    }

    /// Renames it into place.
    ///
    /// # Errors
    ///
    /// What renaming says, with the path in front; the sibling is removed.
    pub fn finish(mut self) -> io::Result<()> {
        if let Some(temporary) = &self.temporary {
            fs::rename(temporary, &self.path).map_err(|error| named(&self.path, &error))?;
        }
        self.temporary = None;
        Ok(())
    }
}

impl Write for PendingFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.file.write(bytes);
        written.map_err(|error| named(&self.path, &error))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for PendingFile {
    fn drop(&mut self) {
        if let Some(temporary) = &self.temporary {
            // The first error is the one worth telling; a leftover is harmless.
            let _ = fs::remove_file(temporary);
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

/// Checks, before any work is done, that the folder that `path` is to be written to is there.
///
/// # Errors
///
/// If it is not, or is no folder; the path is in front.
pub fn check_folder_of(path: impl AsRef<Path>) -> io::Result<()> {
    let path = path.as_ref();
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let metadata = fs::metadata(folder).map_err(|error| named(path, &error))?;
    if metadata.is_dir() {
        return Ok(());
    }
    Err(named(path, &io::ErrorKind::NotADirectory.into()))
}

/// [`write_atomically`], into a file that on Unix only its owner may read and write (mode 0600).
///
/// # Errors
///
/// As [`write_atomically`].
pub fn write_privately(path: impl AsRef<Path>, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    write(PendingFile::beside(path.as_ref(), true)?, bytes.as_ref())
}

fn write(mut file: PendingFile, bytes: &[u8]) -> io::Result<()> {
    file.write_all(bytes)?;
    file.finish()
}

#[cfg_attr(not(unix), expect(unused_variables, reason = "modes are Unix's"))]
fn create_new(path: &Path, private: bool) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    if private {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    }
    options.open(path)
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
mod tests {
    use super::*;

    #[test]
    fn a_missing_folder_is_noticed_beforehand() {
        let folder = tempfile::tempdir().unwrap();
        check_folder_of(folder.path().join("new.svg")).unwrap();
        check_folder_of("new.svg").unwrap();
        let error = check_folder_of(folder.path().join("no/new.svg")).unwrap_err();
        assert!(error.to_string().contains("no/new.svg"), "{error}");
        fs::write(folder.path().join("file"), "").unwrap();
        assert!(check_folder_of(folder.path().join("file/new.svg")).is_err());
    }

    #[test]
    fn an_old_file_is_replaced_and_nothing_is_left_beside_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.json");
        fs::write(&path, "old").unwrap();
        write_atomically(&path, "new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_that_is_not_finished_leaves_the_old_one_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("page");
        fs::write(&path, "old").unwrap();
        let mut pending = PendingFile::create(&path).unwrap();
        pending.write_all(b"new").unwrap();
        drop(pending);
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_failed_rename_removes_the_temporary_and_names_the_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("file"), "").unwrap();
        let error = write_atomically(&path, "new").unwrap_err();
        assert!(error.to_string().contains("taken"), "{error}");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_is_written_to_and_stays_a_pipe() {
        use std::os::unix::fs::FileTypeExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&path).status();
        assert!(made.unwrap().success());
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| fs::read_to_string(&path));
            write_atomically(&path, "through").unwrap();
            assert_eq!(reader.join().unwrap().unwrap(), "through");
        });
        assert!(fs::metadata(&path).unwrap().file_type().is_fifo());
    }

    #[cfg(unix)]
    #[test]
    fn a_private_file_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("secret.png");
        write_privately(&path, "x").unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }

    #[test]
    fn a_path_without_a_name_is_an_error() {
        let error = write_atomically("..", "x").unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
