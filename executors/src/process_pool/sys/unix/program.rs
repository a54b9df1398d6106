//! The program to start as a worker, and its name.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The link that Linux keeps to the file that a process runs, even when that is gone.
const LINK: &str = "/proc/self/exe";

/// The program that workers run.
#[derive(Default)]
pub(in crate::process_pool) struct Program {
    path: PathBuf,
    /// What it is called in lists of processes.
    name: OsString,
}

impl Program {
    /// This very program.
    ///
    /// By its name, if that file is there. Its file may have been replaced by the next build, or
    /// deleted; then by Linux' link to what is running. (The link is not used before, as it may
    /// mean another program: under valgrind, valgrind itself.)
    pub(in crate::process_pool) fn this() -> io::Result<Self> {
        let name = std::env::args_os().next().unwrap_or_default();
        let path = match std::env::current_exe() {
            Ok(path) if path.exists() => path,
            _ if Path::new(LINK).exists() => PathBuf::from(LINK),
            Ok(path) => path,
            // No /proc: the name that it was started by, if that is a path.
            Err(_) if Path::new(&name).components().count() > 1 => PathBuf::from(&name),
            Err(error) => return Err(error),
        };
        Ok(Self { path, name })
    }

    /// Another program.
    pub(in crate::process_pool) fn other(path: PathBuf) -> Self {
        let name = path.clone().into_os_string();
        Self { path, name }
    }

    pub(in crate::process_pool) fn command(&self) -> Command {
        let mut command = Command::new(&self.path);
        command.arg0(&self.name);
        command
    }

    /// For errors.
    pub(in crate::process_pool) fn describe(&self) -> String {
        let path = self.path.display();
        if self.path == Path::new(LINK) {
            let name = Path::new(&self.name).display();
            return format!("{path} ({name}, whose file has been replaced or deleted)");
        }
        path.to_string()
    }
}

/// Calls this process what its program is called. (Started by the link, it would be called `exe`.)
pub(in crate::process_pool) fn name_after_program() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = std::env::args_os().next()
        && let Some(name) = Path::new(&name).file_name()
    {
        let name = std::os::unix::ffi::OsStrExt::as_bytes(name);
        // The name of the process, whichever thread this is. The kernel cuts it off after 15 bytes.
        // Without /proc it keeps the name that it has: it is only what lists show.
        let _ = std::fs::write("/proc/self/comm", name);
    }
}
