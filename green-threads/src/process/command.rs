//! A command: how to start a program.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use super::Child;

/// How to start a program, as [`std::process::Command`].
///
/// # Examples
///
/// ```
/// use green_threads::process::Command;
///
/// # fn main() -> std::io::Result<()> {
/// let output = Command::new("sh").args(["-c", "echo done"]).output()?;
/// assert_eq!(output.stdout, b"done\n");
/// # Ok(()) }
/// ```
#[derive(Debug)]
pub struct Command {
    inner: std::process::Command,
    /// Whether standard input, output and error were set.
    said: [bool; 3],
}

/// For settings that this type has no method for: set them on the standard library's, and convert
/// it.
impl From<std::process::Command> for Command {
    fn from(inner: std::process::Command) -> Command {
        Command {
            inner,
            said: [false; 3],
        }
    }
}

impl Command {
    /// A command for this program, which is searched in `PATH`.
    pub fn new(program: impl AsRef<OsStr>) -> Command {
        std::process::Command::new(program).into()
    }

    /// Adds an argument.
    pub fn arg(&mut self, arg: impl AsRef<OsStr>) -> &mut Command {
        self.inner.arg(arg);
        self
    }

    /// Adds arguments.
    pub fn args(&mut self, args: impl IntoIterator<Item = impl AsRef<OsStr>>) -> &mut Command {
        self.inner.args(args);
        self
    }

    /// Sets an environment variable.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env(name, value);
        self
    }

    /// Removes an environment variable.
    pub fn env_remove(&mut self, name: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env_remove(name);
        self
    }

    /// Starts it with an empty environment.
    pub fn env_clear(&mut self) -> &mut Command {
        self.inner.env_clear();
        self
    }

    /// Starts it in this folder.
    pub fn current_dir(&mut self, folder: impl AsRef<Path>) -> &mut Command {
        self.inner.current_dir(folder);
        self
    }

    /// Sets where its standard input comes from.
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Command {
        self.said[0] = true;
        self.inner.stdin(from);
        self
    }

    /// Sets where its standard output goes.
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.said[1] = true;
        self.inner.stdout(to);
        self
    }

    /// Sets where its standard error goes.
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.said[2] = true;
        self.inner.stderr(to);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// When it cannot be started, for instance because there is no such program, or no descriptors
    /// are left to watch it.
    pub fn spawn(&mut self) -> io::Result<Child> {
        Child::new(self.inner.spawn()?)
    }

    /// Starts it, and waits for its end.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Command::spawn).
    pub fn status(&mut self) -> io::Result<ExitStatus> {
        self.spawn()?.wait()
    }

    /// Starts it, waits for its end, and returns its output. Unless it was set, its standard input
    /// is empty.
    ///
    /// # Errors
    ///
    /// As [`spawn`](Command::spawn).
    pub fn output(&mut self) -> io::Result<Output> {
        let unsaid = self.said.map(|said| !said);
        // A later `spawn` inherits them again.
        let set =
            |inner: &mut std::process::Command, input: fn() -> Stdio, output: fn() -> Stdio| {
                if unsaid[0] {
                    inner.stdin(input());
                }
                if unsaid[1] {
                    inner.stdout(output());
                }
                if unsaid[2] {
                    inner.stderr(output());
                }
            };
        set(&mut self.inner, Stdio::null, Stdio::piped);
        let child = self.spawn();
        set(&mut self.inner, Stdio::inherit, Stdio::inherit);
        child?.wait_with_output()
    }
}
