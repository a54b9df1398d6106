//! Turns a result into an exit code, and an error into one line.

use super::{interrupt, package};
use crate::stdout;
use crate::text::{escaped, masked};
use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use std::error::Error;
use std::ffi::OsString;
use std::io;
use std::process::ExitCode;

/// The outcome of a run that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// All done: exit code 0.
    Done,
    /// Something failed, and the summary said what. The rest was done: exit code 1.
    SomeFailed,
    /// The user interrupted the run, and it stopped cleanly: exit code 130.
    Interrupted,
}

/// A usage error that clap can't detect, such as a range with its end before its start: exit code
/// 2.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct Usage(pub String);

const FAILED: u8 = 1;
const USAGE: u8 = 2;

/// Runs a program and returns its exit code: 0 done, 1 failed, 2 usage ([`Usage`]), 130
/// interrupted.
///
/// An error is printed as one line on standard error: `error: ` and the chain of its causes.
/// Control characters are escaped, so that a name or a message from outside can't change the
/// terminal. A closed pipe on [`stdout`](super::stdout()) ends the program with code 0 and no
/// message.
///
/// # Examples
///
/// ```
/// use common::cli::{self, Outcome};
/// use std::io::Write;
/// use std::process::ExitCode;
///
/// fn main() -> ExitCode {
///     cli::main(|| {
///         let mut out = cli::stdout();
///         writeln!(out, "2\n3\n5\n7")?;
///         out.flush()?;
///         Ok(Outcome::Done)
///     })
/// }
/// ```
pub fn main(run: impl FnOnce() -> anyhow::Result<Outcome>) -> ExitCode {
    ExitCode::from(tell(run()))
}

/// Prints the error, if any, and returns the exit code.
fn tell(result: anyhow::Result<Outcome>) -> u8 {
    let (code, message) = verdict(result);
    if let Some(message) = message {
        crate::remark!("error: {message}");
    }
    code
}

fn verdict(result: anyhow::Result<Outcome>) -> (u8, Option<String>) {
    match result {
        Ok(Outcome::Done) => (0, None),
        Ok(Outcome::SomeFailed) => (FAILED, None),
        Ok(Outcome::Interrupted) => (interrupt::EXIT_STATUS, None),
        Err(error) if error.chain().any(stdout::is_closed) => (0, None),
        Err(error) => {
            let code = if error.chain().any(is_usage) {
                USAGE
            } else {
                FAILED
            };
            (code, Some(one_line(&format!("{error:#}"))))
        }
    }
}

/// Whether the error is a [`Usage`], alone or inside an I/O error (from a function that returns
/// `io::Result`).
fn is_usage(error: &(dyn Error + 'static)) -> bool {
    let inner = error
        .downcast_ref::<io::Error>()
        .and_then(io::Error::get_ref);
    error.is::<Usage>() || inner.is_some_and(|inner| inner.is::<Usage>())
}

/// Parses the command line like [`Parser::parse`], but prints an error about a bad value in one
/// line. It also answers what every command understands: `completions SHELL`, `man FOLDER`, and
/// `--version` with the commit.
///
/// Help, version and other errors are clap's, with control characters escaped. Usage errors exit
/// with 2.
pub fn parse<P: Parser>() -> P {
    try_parse(std::env::args_os()).unwrap_or_else(|error| match bad_value(&error) {
        Some(line) => {
            crate::remark!("error: {line}");
            std::process::exit(USAGE.into());
        }
        None if error.use_stderr() && has_what_is_not_to_be_shown() => {
            let text = error.render().to_string();
            crate::remark!("{}", masked(text.trim_end()));
            std::process::exit(USAGE.into());
        }
        None => error.exit(),
    })
}

fn try_parse<P: Parser>(words: impl IntoIterator<Item = OsString>) -> Result<P, clap::Error> {
    let mut command = package::command::<P>();
    let mut matches = command.try_get_matches_from_mut(words)?;
    if let Some(answer) = package::answer(&mut command, &matches) {
        let answer = answer?;
        std::process::exit(tell(answer).into());
    }
    P::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// Whether an argument contains control characters, or a URL with a password. clap repeats
/// arguments unchanged in its errors.
fn has_what_is_not_to_be_shown() -> bool {
    std::env::args_os().any(|word| {
        let word = word.to_string_lossy();
        masked(&escaped(&word)) != word
    })
}

/// The message of the value's own parser, after the argument's name. It already contains the input.
fn bad_value(error: &clap::Error) -> Option<String> {
    if error.kind() != ErrorKind::ValueValidation {
        return None;
    }
    let reason = one_line(&error.source()?.to_string());
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) => Some(format!("{argument}: {reason}")),
        _ => Some(reason),
    }
}

fn one_line(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    escaped(&lines.join(" ")).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::numbers;
    use anyhow::{Context, anyhow};

    #[derive(Parser, Debug)]
    struct Options {
        #[arg(value_parser = numbers::number, allow_negative_numbers = true)]
        stop: u64,
    }

    #[test]
    fn outcomes_are_exit_codes() {
        assert_eq!(verdict(Ok(Outcome::Done)), (0, None));
        assert_eq!(verdict(Ok(Outcome::SomeFailed)), (1, None));
        assert_eq!(verdict(Ok(Outcome::Interrupted)), (130, None));
    }

    #[test]
    fn an_error_is_one_line_with_its_causes() {
        let error = anyhow!("exit status 9\nsignal 9").context("worker 17");
        let expected = "worker 17: exit status 9 signal 9".to_owned();
        assert_eq!(verdict(Err(error)), (1, Some(expected)));
    }

    #[test]
    fn usage_errors_are_two_even_with_context() {
        let error = Err(Usage("10 5: the range runs backwards".to_owned())).context("count");
        let (code, message) = verdict(error);
        assert_eq!(code, 2);
        assert_eq!(
            message.as_deref(),
            Some("count: 10 5: the range runs backwards")
        );
    }

    #[test]
    fn control_characters_are_escaped() {
        let (_, message) = verdict(Err(anyhow!("\u{1b}[2Jgone\r: no such file")));
        assert_eq!(message.as_deref(), Some("\\u{1b}[2Jgone\\r: no such file"));
        let error = Options::try_parse_from(["test", "\u{7}7"]).unwrap_err();
        assert!(
            bad_value(&error)
                .unwrap()
                .starts_with("<STOP>: \\u{7}7: not a number")
        );
    }

    #[test]
    fn usage_is_seen_inside_of_an_io_error() {
        let error = io::Error::other(Usage("a.svg: twice".to_owned()));
        let (code, message) = verdict(Err(error.into()));
        assert_eq!((code, message.as_deref()), (2, Some("a.svg: twice")));
    }

    #[test]
    fn a_pipe_that_broke_elsewhere_is_an_error() {
        let broken = io::Error::from(io::ErrorKind::BrokenPipe);
        assert_eq!(verdict(Err(broken.into())).0, 1);
    }

    #[test]
    fn a_bad_value_is_one_line_that_names_argument_and_input() {
        for text in ["abc", "-5", "1e30"] {
            let error = Options::try_parse_from(["test", text]).unwrap_err();
            let line = bad_value(&error).unwrap();
            assert!(line.starts_with(&format!("<STOP>: {text}: ")), "{line}");
            assert!(!line.contains('\n'), "{line}");
        }
        let missing = Options::try_parse_from(["test"]).unwrap_err();
        assert_eq!(bad_value(&missing), None);
    }
}
