//! How a program is to be started.

use std::ffi::OsStr;
use std::io;
use std::path::Path;
use std::process::{ExitStatus, Output, Stdio};

use super::Child;

/// How a program is to be started; as [`std::process::Command`].
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
    /// What was said of standard input, output and error.
    said: [bool; 3],
}

/// What is not among this type's methods can be said to the standard library's, and converted.
impl From<std::process::Command> for Command {
    fn from(inner: std::process::Command) -> Command {
        Command {
            inner,
            said: [false; 3],
        }
    }
}

impl Command {
    /// This program, looked for in `PATH`.
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

    /// Sets a variable of its environment.
    pub fn env(&mut self, name: impl AsRef<OsStr>, value: impl AsRef<OsStr>) -> &mut Command {
        self.inner.env(name, value);
        self
    }

    /// Takes a variable out of its environment.
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

    /// Where its standard input comes from.
    pub fn stdin(&mut self, from: impl Into<Stdio>) -> &mut Command {
        self.said[0] = true;
        self.inner.stdin(from);
        self
    }

    /// Where its standard output goes.
    pub fn stdout(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.said[1] = true;
        self.inner.stdout(to);
        self
    }

    /// Where its standard error goes.
    pub fn stderr(&mut self, to: impl Into<Stdio>) -> &mut Command {
        self.said[2] = true;
        self.inner.stderr(to);
        self
    }

    /// Starts it.
    ///
    /// # Errors
    ///
    /// When it cannot be started, for instance because there is no such program, or there are no
    /// descriptors left to watch it by.
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

    /// Starts it, and waits for its end and for all that it writes. Without its being told
    /// otherwise it has no input.
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
