//! The parts of a packaged command beside the program: the version with the commit, shell
//! completions, manual pages.

use std::ffi::OsString;
use std::io::Write;
use std::path::{Path, PathBuf};

use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{Arg, ArgMatches, Command, Parser, value_parser};
use clap_complete::Shell;

use super::{Outcome, stdout};

/// The commit of a release build, if it is known.
const COMMIT: Option<&str> = option_env!("MANY_HANDS_COMMIT");

/// That commit's date.
const DATE: Option<&str> = option_env!("MANY_HANDS_DATE");

const COMPLETIONS: &str = "completions";
const MAN: &str = "man";

/// The command line of `P`, with the two subcommands that every command has.
pub(super) fn command<P: Parser>() -> Command {
    let command = P::command();
    let version = version(command.get_version().unwrap_or_default(), COMMIT);
    command
        .version(version)
        .subcommand(
            Command::new(COMPLETIONS)
                .about("Print completions for a shell")
                .arg(
                    Arg::new("shell")
                        .required(true)
                        .value_parser(value_parser!(Shell))
                        .help("Which shell"),
                ),
        )
        .subcommand(
            Command::new(MAN)
                .about("Write the manual pages into a folder")
                .arg(
                    Arg::new("folder")
                        .required(true)
                        .value_parser(value_parser!(PathBuf))
                        .help("An existing folder; a page that is there is replaced"),
                ),
        )
}

fn version(number: &str, commit: Option<&str>) -> String {
    match commit {
        Some(commit) => format!("{number} ({commit})"),
        None => number.to_owned(),
    }
}

/// Executes one of the two subcommands. `None` if the command line has neither.
pub(super) fn answer(
    command: &mut Command,
    matches: &ArgMatches,
) -> Option<Result<anyhow::Result<Outcome>, clap::Error>> {
    let (name, inner) = matches.subcommand()?;
    if name != COMPLETIONS && name != MAN {
        return None;
    }
    if let Some(flag) = given(command, matches) {
        let reason = format!("{flag}: does nothing in {name}");
        return Some(Err(command.error(ErrorKind::ArgumentConflict, reason)));
    }
    Some(Ok(match name {
        MAN => inner
            .get_one::<PathBuf>("folder")
            .map_or(Ok(Outcome::Done), |folder| write_pages(command, folder)),
        _ => inner
            .get_one::<Shell>("shell")
            .map_or(Ok(Outcome::Done), |&shell| print_script(command, shell)),
    }))
}

/// Returns an option that stands before the subcommand, if there is one.
fn given(command: &Command, matches: &ArgMatches) -> Option<String> {
    let mut options = command.get_arguments().filter(|it| !it.is_positional());
    let option = options.find(|option| {
        matches.try_contains_id(option.get_id().as_str()).is_ok()
            && matches.value_source(option.get_id().as_str()) == Some(ValueSource::CommandLine)
    })?;
    let flag = option.get_long().map(|long| format!("--{long}"));
    flag.or_else(|| option.get_short().map(|short| format!("-{short}")))
}

fn print_script(command: &mut Command, shell: Shell) -> anyhow::Result<Outcome> {
    let mut script = Vec::new();
    let name = command.get_name().to_owned();
    clap_complete::generate(shell, command, name, &mut script);
    let mut out = stdout();
    out.write_all(&script)?;
    out.flush()?;
    Ok(Outcome::Done)
}

fn write_pages(command: &mut Command, folder: &Path) -> anyhow::Result<Outcome> {
    for (file, page) in pages(command)? {
        crate::files::write_atomically(folder.join(file), page)?;
    }
    Ok(Outcome::Done)
}

/// Makes one page for the command, and one for each of its subcommands: `NAME-SUBCOMMAND.1`.
fn pages(command: &mut Command) -> anyhow::Result<Vec<(OsString, Vec<u8>)>> {
    command.build();
    let name = command.get_name().to_owned();
    // The pages of subcommands belong to it, too.
    let source = format!("{name} {}", command.get_version().unwrap_or_default());
    let mut all = Vec::new();
    add_pages(command, name, &source, &mut all)?;
    Ok(all)
}

fn add_pages(
    command: &Command,
    name: String,
    source: &str,
    all: &mut Vec<(OsString, Vec<u8>)>,
) -> anyhow::Result<()> {
    for inner in command.get_subcommands() {
        // No page for the subcommand `help`: it has nothing to add.
        if inner.get_name() != "help" {
            add_pages(inner, format!("{name}-{}", inner.get_name()), source, all)?;
        }
    }
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone().display_name(&name))
        .source(source)
        .date(DATE.unwrap_or_default())
        .render(&mut page)?;
    all.push((format!("{name}.1").into(), page));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Subcommand;

    #[derive(Parser, Debug)]
    #[command(name = "tool", version = "1.2.3", about = "Does something")]
    struct Args {
        /// Says less
        #[arg(long)]
        quiet: bool,
        #[command(subcommand)]
        command: Option<Inner>,
    }

    #[derive(Subcommand, Debug)]
    enum Inner {
        /// Counts
        Count {
            /// The last number
            stop: u64,
        },
    }

    fn asked(line: &str) -> (Command, ArgMatches) {
        let mut command = command::<Args>();
        let matches = command.try_get_matches_from_mut(line.split(' ')).unwrap();
        (command, matches)
    }

    #[test]
    fn a_version_has_its_commit_where_there_is_one() {
        assert_eq!(version("1.2.3", Some("0123456789")), "1.2.3 (0123456789)");
        assert_eq!(version("1.2.3", None), "1.2.3");
    }

    #[test]
    fn the_commands_own_words_are_left_to_it() {
        for line in ["tool", "tool --quiet", "tool count 7"] {
            let (mut command, matches) = asked(line);
            assert!(answer(&mut command, &matches).is_none(), "{line}");
        }
    }

    #[test]
    fn an_option_before_the_subcommand_is_refused() {
        let (mut command, matches) = asked("tool --quiet completions bash");
        let error = answer(&mut command, &matches).unwrap().unwrap_err();
        assert!(
            error
                .to_string()
                .contains("--quiet: does nothing in completions")
        );
    }

    #[test]
    fn there_is_a_page_for_each_command() {
        let folder = tempfile::tempdir().unwrap();
        let (mut command, matches) = asked(&format!("tool man {}", folder.path().display()));
        answer(&mut command, &matches).unwrap().unwrap().unwrap();
        let read = |name| std::fs::read_to_string(folder.path().join(name)).unwrap();
        let page = read("tool.1");
        assert!(
            page.contains("Says less") && page.contains("tool\\-count(1)"),
            "{page}"
        );
        let page = read("tool-count.1");
        assert!(page.contains("The last number"), "{page}");
        // Its foot tells which version it is of.
        assert!(page.contains("\"tool 1.2.3"), "{page}");
        assert!(!folder.path().join("tool-help.1").exists());
    }
}
