//! The lock of an output folder. All processes that use the folder share it.

use std::fs::File;
use std::io;
use std::path::Path;

/// A lock on a folder, held until it is dropped. If folders can't be locked (not on Unix, and on
/// some network disks), there is none, and other processes are not detected.
#[derive(Debug)]
pub(super) struct FolderLock(Option<File>);

impl FolderLock {
    pub(super) fn shared(folder: &Path) -> io::Result<FolderLock> {
        let folder = cfg!(unix).then(|| File::open(folder)).transpose()?;
        let mut lock = FolderLock(folder);
        lock.share()?;
        Ok(lock)
    }

    /// Whether no other process uses the folder. If so, none can start to until
    /// [`share`](Self::share).
    pub(super) fn become_sole(&mut self) -> bool {
        match &self.0 {
            Some(folder) => folder.try_lock().is_ok(),
            None => true,
        }
    }

    pub(super) fn share(&mut self) -> io::Result<()> {
        if let Some(folder) = &self.0
            && folder.lock_shared().is_err()
        {
            self.0 = None;
        }
        Ok(())
    }
}
