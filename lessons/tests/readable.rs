//! Checks what readers see on GitHub: no hidden lines in Rust, tables that fit, and chapters that
//! are short until step 2.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lessons::steps::{Example, examples};
use lessons::{documents, house};
use std::path::{Path, PathBuf};

/// The maximum width of a table, in visible columns: of a link only its text counts.
const WIDEST: usize = 100;

/// The maximum number of lines until the idea is clear: of a README to the end of step 2, and of
/// code in steps 1 and 2.
const MOST_LINES: usize = 60;

/// The READMEs of the house and of its folders. Deeper ones are for contributors to a room.
fn readmes() -> impl Iterator<Item = PathBuf> {
    let depth = house().components().count();
    let is_readme =
        move |path: &PathBuf| path.ends_with("README.md") && path.components().count() <= depth + 2;
    documents().into_iter().filter(is_readme)
}

fn place(document: &Path, line: usize) -> String {
    let file = document.strip_prefix(house()).unwrap();
    format!("{}:{line}", file.display())
}

/// A table row as it is shown: links without targets, code without backquotes.
fn shown(row: &str) -> String {
    let mut shown = String::new();
    let mut rest = row;
    while let Some((before, after)) = rest.split_once("](") {
        shown.push_str(&before.replacen('[', "", 1));
        rest = after.split_once(')').map_or("", |(_, rest)| rest);
    }
    (shown + rest).replace('`', "")
}

#[test]
fn tables_fit_and_no_line_of_rust_is_hidden() {
    let mut faults = Vec::new();
    for document in readmes() {
        let text = std::fs::read_to_string(&document).unwrap();
        let mut fence: Option<&str> = None;
        for (number, line) in (1..).zip(text.lines()) {
            match (line.trim_start().strip_prefix("```"), fence) {
                (Some(language), None) => fence = Some(language),
                (Some(_), Some(_)) => fence = None,
                (None, Some(language)) => {
                    if language.starts_with("rust") && (line == "#" || line.starts_with("# ")) {
                        faults.push(format!("{}: a hidden line", place(&document, number)));
                    }
                }
                (None, None) => {
                    let width = shown(line).chars().count();
                    if line.starts_with('|') && width > WIDEST {
                        faults.push(format!("{}: {width} columns", place(&document, number)));
                    }
                }
            }
        }
    }
    assert!(faults.is_empty(), "\n{}\n", faults.join("\n"));
}

/// How many lines of code a step has: without comments and empty lines.
fn code(step: &Example) -> usize {
    let text = std::fs::read_to_string(&step.path).unwrap();
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with("//");
    text.lines().map(str::trim).filter(is_code).count()
}

/// Prints, for each chapter, how many lines a reader needs until step 2 is understood: all lines of
/// the README to the end of step 2, and the code of steps 1 and 2. Lines that both steps have count
/// twice.
#[test]
fn the_idea_of_a_chapter_comes_soon() {
    let mut too_long = Vec::new();
    let steps: Vec<Example> = examples().unwrap();
    for document in readmes() {
        let text = std::fs::read_to_string(&document).unwrap();
        let Some((until_step_2, _)) = text.split_once("\n### 3.") else {
            continue;
        };
        let end = until_step_2.lines().count();
        let room = document.parent().unwrap().file_name().unwrap();
        let room = room.to_string_lossy();
        let step = |number| {
            let is_step = |it: &&Example| it.room == room && it.number() == Some(number);
            code(steps.iter().find(is_step).unwrap())
        };
        let lines = step(1) + step(2);
        println!("{room}: {end} lines of README, {lines} of code");
        if end > MOST_LINES || lines > MOST_LINES {
            too_long.push(format!("{room}: {end} of README, {lines} of code"));
        }
    }
    assert!(too_long.is_empty(), "\n{}\n", too_long.join("\n"));
}
