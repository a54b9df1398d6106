//! Whether a table is older than the code that it measures.

use super::Table;
use std::path::Path;
use std::process::{Command, Stdio};

/// Whether a table is older than its code, from git.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Age {
    /// The code has not changed since.
    Current,
    /// The code changed later: the commit and its date.
    Older(String),
    /// The table has no date, or git has none for its code.
    Unknown(&'static str),
}

/// The age of a table, from the last commits to its paths in the repository at `folder`.
pub fn age(table: &Table, folder: &Path) -> Age {
    let Some(date) = &table.made.date else {
        return Age::Unknown("the table has no date");
    };
    let mut args = vec!["log", "-1", "--date=format-local:%Y-%m-%dT%H:%M:%SZ"];
    args.extend(["--format=%cd %h", "--"]);
    args.extend(table.measures.iter().map(String::as_str));
    match git(folder, &args) {
        None => Age::Unknown("git fails for its code"),
        Some(last) if last.is_empty() => Age::Unknown("git has no commit of its code"),
        // Dates of this shape are in the order of their letters.
        Some(last) => match last.split_once(' ') {
            Some((changed, commit)) if changed > date.as_str() => {
                Age::Older(format!("its code changed at {changed}, commit {commit}"))
            }
            _ => Age::Current,
        },
    }
}

/// The output of git, trimmed; `None` if git is missing or fails.
pub(super) fn git(folder: &Path, args: &[&str]) -> Option<String> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(args)
        .env("TZ", "UTC")
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
