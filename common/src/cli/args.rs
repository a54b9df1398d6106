//! The flags that commands share.

use super::address;
use crate::cpus;
use clap::Args;
use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

/// The largest number of workers, and of runs. Many systems refuse more threads. A mistyped number
/// should give an error, not overload the machine.
const MOST: usize = 1024;

/// The flags of a command that runs models. Add them with `#[command(flatten)]` to the top-level
/// parser, and every subcommand accepts them too. A command without workers takes only
/// [`OutputArgs`] and [`TraceArgs`], because every accepted flag must do something.
///
/// # Examples
///
/// ```
/// use clap::Parser;
/// use common::cli::RunArgs;
///
/// #[derive(Parser)]
/// struct Options {
///     #[command(flatten)]
///     run: RunArgs,
/// }
///
/// let options = Options::parse_from(["primes", "-j", "3", "--timeline"]);
/// assert_eq!(options.run.jobs().get(), 3);
/// assert!(options.run.trace.traced());
/// ```
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Run options")]
pub struct RunArgs {
    /// How many workers at once, at most 1024 [default: the CPUs this process may use]
    #[arg(short, long, value_name = "N", value_parser = count, global = true)]
    pub jobs: Option<NonZeroUsize>,

    /// How many times to run each model [default: 1, unless the command says otherwise]
    #[arg(long, value_name = "N", value_parser = count, global = true)]
    pub runs: Option<NonZeroUsize>,

    /// The flags for pictures of the run.
    #[command(flatten)]
    pub trace: TraceArgs,

    /// The flags for the output.
    #[command(flatten)]
    pub output: OutputArgs,
}

impl RunArgs {
    /// The number of workers from `--jobs`; without it, the number of CPUs that this process may
    /// use.
    pub fn jobs(&self) -> NonZeroUsize {
        self.jobs.unwrap_or_else(cpus::usable)
    }

    /// The number of runs from `--runs`; without it, one.
    pub fn runs(&self) -> NonZeroUsize {
        self.runs.unwrap_or(NonZeroUsize::MIN)
    }

    /// Reads the value of `--jobs`, for a command that has workers but not the other flags of
    /// [`RunArgs`].
    ///
    /// # Errors
    ///
    /// If the text is not a number from 1 to 1024. The message contains the text.
    pub fn count(text: &str) -> Result<NonZeroUsize, String> {
        count(text)
    }
}

/// The flags of a command that can draw a timeline of the run.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Run options")]
pub struct TraceArgs {
    /// Write a Chrome trace, which ui.perfetto.dev opens
    #[arg(long, value_name = "FILE", global = true)]
    pub trace: Option<PathBuf>,

    /// Draw what ran when: as text on standard error, or as an SVG into FILE
    #[arg(long, value_name = "FILE", num_args = 0..=1, require_equals = true, global = true)]
    pub timeline: Option<Option<PathBuf>>,
}

impl TraceArgs {
    /// Whether any picture of the run was asked for.
    pub fn traced(&self) -> bool {
        self.trace.is_some() || self.timeline.is_some()
    }

    /// Whether the timeline is wanted as text.
    pub(super) fn text_timeline(&self) -> bool {
        self.timeline == Some(None)
    }

    pub(super) fn svg_timeline(&self) -> Option<&Path> {
        self.timeline.as_ref()?.as_deref()
    }
}

/// The flags of every command.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
#[command(next_help_heading = "Run options")]
pub struct OutputArgs {
    /// Print JSON on standard output; everything for people goes to standard error
    #[arg(long, global = true)]
    pub json: bool,

    /// No progress bars and no remarks
    #[arg(short, long, global = true)]
    pub quiet: bool,
}

fn count(text: &str) -> Result<NonZeroUsize, String> {
    let number = super::numbers::number(text).map_err(|error| error.to_string())?;
    let count = usize::try_from(number)
        .ok()
        .filter(|&count| count <= MOST)
        .ok_or_else(|| format!("{text}: at most {MOST}"))?;
    NonZeroUsize::new(count).ok_or_else(|| format!("{text}: at least 1 is needed"))
}

/// The arguments of a chat client: reactor, green-threads and scheduler have one each.
#[derive(Args, Clone, Debug)]
pub struct ChatClientArgs {
    /// Your name in the chat
    pub name: String,
    /// Where the server is: HOST:PORT, or a port of this machine
    #[arg(value_name = "ADDR", default_value = "127.0.0.1:4000", value_parser = address)]
    pub server: SocketAddr,
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::{CommandFactory, Parser, Subcommand};

    #[derive(Parser, Debug)]
    struct Options {
        #[command(flatten)]
        run: RunArgs,
        #[command(subcommand)]
        command: Option<Command>,
    }

    #[derive(Subcommand, Debug)]
    enum Command {
        Count { stop: String },
    }

    fn parse(words: &[&str]) -> Result<RunArgs, String> {
        Options::try_parse_from(["test"].iter().chain(words))
            .map(|options| options.run)
            .map_err(|error| error.to_string())
    }

    #[test]
    fn the_flags_are_consistent() {
        Options::command().debug_assert();
    }

    #[test]
    fn without_flags_every_usable_cpu_works_once() {
        let args = parse(&[]).unwrap();
        assert_eq!(args.jobs(), cpus::usable());
        assert_eq!(args.runs().get(), 1);
        assert!(!args.trace.traced());
    }

    #[test]
    fn flags_may_stand_before_and_after_a_subcommand() {
        for words in [["-j3", "count", "5"], ["count", "5", "-j3"]] {
            assert_eq!(parse(&words).unwrap().jobs().get(), 3);
        }
    }

    #[test]
    fn a_timeline_is_text_without_a_file_and_svg_with_one() {
        let text = parse(&["--timeline", "count", "5"]).unwrap();
        assert!(text.trace.text_timeline() && text.trace.svg_timeline().is_none());
        let svg = parse(&["--timeline=out.svg"]).unwrap();
        assert_eq!(svg.trace.svg_timeline(), Some(Path::new("out.svg")));
        assert!(!svg.trace.text_timeline());
    }

    #[test]
    fn nonsense_is_named() {
        for (words, expected) in [
            (["-j", "0"], "0: at least 1 is needed"),
            (["-j", "two"], "two: not a number"),
            (["-j", "1e9"], "1e9: at most 1024"),
            (["--runs", "0"], "0: at least 1 is needed"),
            (["--runs", "1.5"], "1.5: not a whole number"),
        ] {
            let error = parse(&words).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
