//! A file that only one program writes.

use std::fs::{File, OpenOptions, TryLockError};
use std::io;
use std::path::Path;

/// Opens a file and locks it. Fails if another program is writing it.
pub(super) fn open(path: &Path) -> io::Result<File> {
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
        // The program that held the lock may have renamed or deleted the file since it was opened.
        // Then this would be a finished file.
        if is_at(&file, path)? {
            return Ok(file);
        }
    }
}

/// Whether the open file still has this name.
#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    use std::fs;
    use std::os::unix::fs::MetadataExt;

    let identity = |it: fs::Metadata| (it.dev(), it.ino());
    match fs::metadata(path) {
        Ok(there) => Ok(identity(there) == identity(file.metadata()?)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// On other systems the standard library has no stable way to compare.
#[cfg(not(unix))]
fn is_at(_file: &File, _path: &Path) -> io::Result<bool> {
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[cfg(unix)]
    #[test]
    fn a_file_is_known_by_more_than_its_name() {
        let folder = tempfile::tempdir().unwrap();
        let (old, new) = (folder.path().join("old"), folder.path().join("new"));
        let file = open(&old).unwrap();
        assert!(is_at(&file, &old).unwrap());
        fs::rename(&old, &new).unwrap();
        assert!(!is_at(&file, &old).unwrap());
        let other = open(&old).unwrap();
        assert!(!is_at(&file, &old).unwrap());
        assert!(is_at(&other, &old).unwrap());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_got_its_final_name_meanwhile_is_not_opened() {
        let folder = tempfile::tempdir().unwrap();
        let (part, done) = (folder.path().join("part"), folder.path().join("done"));
        std::thread::scope(|scope| {
            let other = scope.spawn(|| {
                for _ in 0..5000 {
                    if let Ok(_locked) = open(&part) {
                        fs::rename(&part, &done).unwrap();
                    }
                }
            });
            while !other.is_finished() {
                if let Ok(file) = open(&part) {
                    assert!(is_at(&file, &part).unwrap());
                }
            }
        });
    }
}
