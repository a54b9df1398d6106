//! Runs the same experiment in CPython, to show that it has a lock.

use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use anyhow::{Context, bail};
use common::cli::files;

/// The Python program: it reads numbers, checks them on threads or in processes, and prints one
/// answer per line.
const SCRIPT: &str = include_str!("check.py");

/// Threads or processes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Mode {
    Threads,
    Processes,
}

impl Mode {
    /// The model's name in the table.
    pub(super) fn name(self) -> &'static str {
        match self {
            Mode::Threads => "python-threads",
            Mode::Processes => "python-processes",
        }
    }
}

/// A working `python3`, and the script in a file, because Python's worker processes read it again.
pub(super) struct Python {
    script: PathBuf,
}

impl Python {
    /// Finds `python3` on the PATH.
    pub(super) fn find() -> anyhow::Result<Python> {
        let version = Command::new("python3")
            .arg("--version")
            .output()
            .context("--python needs python3 on the PATH")?;
        if !version.status.success() {
            bail!("python3 --version: {}", version.status);
        }
        let script = std::env::temp_dir().join(format!("primes-check-{}.py", std::process::id()));
        files::write_atomically(&script, SCRIPT)?;
        Ok(Python { script })
    }

    /// Checks numbers by trial division.
    ///
    /// The time includes the start of Python.
    pub(super) fn check(
        &self,
        mode: Mode,
        numbers: &[u64],
        workers: NonZeroUsize,
    ) -> io::Result<Vec<(u64, bool)>> {
        let mode = match mode {
            Mode::Threads => "threads",
            Mode::Processes => "processes",
        };
        let mut python = Command::new("python3")
            .arg(&self.script)
            .args([mode, &workers.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()?;
        if let Some(mut input) = python.stdin.take() {
            let lines: String = numbers.iter().map(|n| format!("{n}\n")).collect();
            // Python reads all of its input before it answers. If it ends early, its exit status
            // says why.
            let _ = input.write_all(lines.as_bytes());
        }
        let output = python.wait_with_output()?;
        if !output.status.success() {
            let errors = String::from_utf8_lossy(&output.stderr);
            let last = errors.lines().last().unwrap_or_default();
            return Err(io::Error::other(format!(
                "python3 ended with {}: {last}",
                output.status
            )));
        }
        let answers = String::from_utf8_lossy(&output.stdout);
        let answers = answers.lines().map(|answer| answer == "1");
        Ok(numbers.iter().copied().zip(answers).collect())
    }
}

impl Drop for Python {
    fn drop(&mut self) {
        // The file is in the temporary folder; if it stays, it does no harm.
        let _ = std::fs::remove_file(&self.script);
    }
}
