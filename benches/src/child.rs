//! The cost of a program: wall time, CPU time and peak memory of a child process.
//!
//! CPU time and peak memory come from the kernel, when it returns a finished child (`wait4`). But on
//! Linux the peak memory is never smaller than that of the process which started the child: `exec`
//! keeps the larger of the two. So a launcher starts the child: this same program, run again, with
//! almost nothing in its memory. No figure is smaller than the launcher, which is about 3 MiB.

mod sys;

use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The argument that makes this program a launcher: then `main` must call [`launch`] before it
/// allocates memory.
pub const LAUNCHER: &str = "launch-and-measure";

/// The cost of a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cost {
    /// From before its start until its end was seen.
    pub wall: Duration,
    /// Its user and system time, with that of the children it waited for. `None` on Windows, where it
    /// is not measured.
    pub cpu: Option<Duration>,
    /// The largest resident memory, in bytes, of the program or of one child that it waited for. It is
    /// not the sum of several processes.
    pub peak_memory: Option<u64>,
}

/// A program that ended without an error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Its cost.
    pub cost: Cost,
    /// Its standard output.
    pub stdout: String,
}

/// Why a program has no [`Cost`].
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The launcher could not be started, or its pipes failed.
    #[error("cannot start the launcher {}", .0.display())]
    Launcher(PathBuf, #[source] io::Error),
    /// The launcher could not start the program, or was ended before the program.
    #[error("{program}: not measured: {reason}")]
    NotMeasured {
        /// The program.
        program: String,
        /// The last line of the launcher's standard error, or how it ended.
        reason: String,
    },
    /// The program ended with an error.
    #[error("{program}: {status}{remark}")]
    Failed {
        /// The program.
        program: String,
        /// How it ended.
        status: String,
        /// A colon and the last line of its standard error.
        remark: String,
    },
}

/// Starts programs and measures them.
#[derive(Clone, Debug)]
pub struct Launcher {
    program: PathBuf,
    folder: Option<PathBuf>,
}

/// Runs programs and measures their cost.
pub trait Runner {
    /// Runs a program with this standard input.
    ///
    /// # Errors
    /// If it can't be started or measured, or fails.
    fn run(&self, program: &Path, args: &[String], input: &str) -> Result<Run, Error>;
}

impl Runner for Launcher {
    fn run(&self, program: &Path, args: &[String], input: &str) -> Result<Run, Error> {
        Launcher::run(self, program, args, input)
    }
}

/// The last line of the launcher's output: the measurement of the program.
#[derive(Serialize, Deserialize)]
struct Note {
    cost: Cost,
    success: bool,
    status: String,
}

impl Launcher {
    /// This program as a launcher. Its `main` must handle [`LAUNCHER`].
    ///
    /// # Errors
    /// If the path of this program can't be found.
    pub fn this() -> io::Result<Launcher> {
        Ok(Launcher::at(std::env::current_exe()?))
    }

    /// The program at `path` as a launcher.
    pub fn at(path: impl Into<PathBuf>) -> Launcher {
        Launcher {
            program: path.into(),
            folder: None,
        }
    }

    /// The same, but the programs run in `folder`.
    #[must_use]
    pub fn folder(mut self, folder: impl Into<PathBuf>) -> Launcher {
        self.folder = Some(folder.into());
        self
    }

    /// Runs a program to its end, with `input` on its standard input.
    ///
    /// The input should fit into a pipe (64 KiB on Linux): all of it is written before any output is
    /// read.
    ///
    /// # Errors
    /// If the program can't be started, or ends with an error.
    ///
    /// # Examples
    /// In a program whose `main` calls [`launch`]:
    /// ```no_run
    /// use benches::child::Launcher;
    /// use std::path::Path;
    ///
    /// let run = Launcher::this()?.run(Path::new("primesieve"), &["1e9".to_owned()], "")?;
    /// println!("{:?} and {:?} bytes", run.cost.wall, run.cost.peak_memory);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn run(&self, program: &Path, args: &[String], input: &str) -> Result<Run, Error> {
        let output = self
            .output(program, args, input)
            .map_err(|error| Error::Launcher(self.program.clone(), error))?;
        read(&program.display().to_string(), &output)
    }

    fn output(&self, program: &Path, args: &[String], input: &str) -> io::Result<Output> {
        let mut launcher = Command::new(&self.program);
        launcher
            .arg(LAUNCHER)
            .arg(program)
            .args(args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if let Some(folder) = &self.folder {
            launcher.current_dir(folder);
        }
        let mut launcher = launcher.spawn()?;
        if let Some(mut stdin) = launcher.stdin.take() {
            // A program need not read what it is given; one that should have will fail by itself.
            match stdin.write_all(input.as_bytes()) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    launcher.wait()?;
                    return Err(error);
                }
                _ => {}
            }
        }
        launcher.wait_with_output()
    }
}

/// Separates the launcher's note from the program's output.
fn read(program: &str, output: &Output) -> Result<Run, Error> {
    let program = program.to_owned();
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    let last_words = stderr.trim_end().lines().next_back();
    let note = stdout
        .rsplit_once('\n')
        .filter(|_| output.status.success())
        .and_then(|(stdout, note)| Some((stdout, serde_json::from_str::<Note>(note).ok()?)));
    match note {
        Some((stdout, Note { cost, success, .. })) if success => Ok(Run {
            cost,
            stdout: stdout.to_owned(),
        }),
        Some((_, note)) => Err(Error::Failed {
            program,
            status: note.status,
            remark: last_words.map_or(String::new(), |line| format!(": {line}")),
        }),
        None => Err(Error::NotMeasured {
            program,
            reason: last_words.map_or(output.status.to_string(), str::to_owned),
        }),
    }
}

/// The work of a launcher: runs the program in `args` with the launcher's standard streams. Then it writes
/// one more line to standard output, with the program's cost.
///
/// Its memory must stay small until the program has started: see [the module](self).
///
/// # Errors
/// If there is no such program, if it can't be started, or if its input is closed early.
pub fn launch(mut args: impl Iterator<Item = OsString>) -> io::Result<()> {
    let program = args
        .next()
        .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "launch what?"))?;
    let start = Instant::now();
    let child = Command::new(program).args(args).spawn()?;
    let (status, used) = sys::wait(child)?;
    let note = Note {
        cost: Cost {
            wall: start.elapsed(),
            cpu: used.cpu,
            peak_memory: used.peak_memory,
        },
        success: status.success(),
        status: status.to_string(),
    };
    // On a line of its own, whether or not the program ended its last one.
    write!(io::stdout(), "\n{}", serde_json::to_string(&note)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(unix)]
    fn output(code: i32, stdout: &str, stderr: &str) -> Output {
        use std::os::unix::process::ExitStatusExt;
        Output {
            status: std::process::ExitStatus::from_raw(code << 8),
            stdout: stdout.into(),
            stderr: stderr.into(),
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_note_is_told_from_the_output_and_failures_from_each_other() {
        let note = |success: bool| {
            let cost = Cost {
                wall: Duration::from_millis(5),
                cpu: None,
                peak_memory: Some(7),
            };
            let status = "exit status: 9".to_owned();
            serde_json::to_string(&Note {
                cost,
                success,
                status,
            })
            .unwrap()
        };
        let good = format!("2\n3\n\n{}", note(true));
        let run = read("sieve", &output(0, &good, "")).unwrap();
        assert_eq!(run.stdout, "2\n3\n");
        assert_eq!(run.cost.peak_memory, Some(7));

        let bad = format!("\n{}", note(false));
        for (stdout, stderr, code, expected) in [
            (&bad, "", 0, "sieve: exit status: 9"),
            (
                &bad,
                "a\nno memory\n",
                0,
                "sieve: exit status: 9: no memory",
            ),
            (
                &good,
                "error: gone\n",
                1,
                "sieve: not measured: error: gone",
            ),
            (&String::new(), "", 0, "sieve: not measured: exit status: 0"),
        ] {
            let error = read("sieve", &output(code, stdout, stderr)).unwrap_err();
            assert_eq!(error.to_string(), expected);
        }
    }

    #[test]
    fn a_launcher_needs_a_program() {
        let error = launch(std::iter::empty()).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    }
}
