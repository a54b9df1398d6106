//! The program of the workers, and its name.

use std::ffi::OsString;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Linux's link to the file of the running program. It works even if the file was deleted.
const LINK: &str = "/proc/self/exe";

/// The program of the workers.
#[derive(Default)]
pub(in crate::process_pool) struct Program {
    path: PathBuf,
    /// The name in process lists.
    name: OsString,
}

impl Program {
    /// This program.
    ///
    /// It uses the path of its file, if the file exists. If it was replaced by the next build, or
    /// deleted, it uses Linux's link to the running program. (The link is not the first choice,
    /// because it may be another program: under valgrind, valgrind itself.)
    pub(in crate::process_pool) fn this() -> io::Result<Self> {
        let name = std::env::args_os().next().unwrap_or_default();
        let path = match std::env::current_exe() {
            Ok(path) if path.exists() => path,
            _ if Path::new(LINK).exists() => PathBuf::from(LINK),
            Ok(path) => path,
            // Without /proc: the name that started the program, if it is a path.
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

    /// The text in errors.
    pub(in crate::process_pool) fn describe(&self) -> String {
        let path = self.path.display();
        if self.path == Path::new(LINK) {
            let name = Path::new(&self.name).display();
            return format!("{path} ({name}, whose file has been replaced or deleted)");
        }
        path.to_string()
    }
}

/// Gives this process the name of its program. (Started by the link, it would be named `exe`.)
pub(in crate::process_pool) fn name_after_program() {
    #[cfg(any(target_os = "linux", target_os = "android"))]
    if let Some(name) = std::env::args_os().next()
        && let Some(name) = Path::new(&name).file_name()
    {
        let name = std::os::unix::ffi::OsStrExt::as_bytes(name);
        // This sets the process's name, from any thread. The kernel cuts it after 15 bytes. Without
        // /proc the name stays; it only appears in process lists.
        let _ = std::fs::write("/proc/self/comm", name);
    }
}
