//! The snippets of a step in a chapter are equal to lines of that step.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use lessons::{documents, house};
use std::collections::HashSet;
use std::path::Path;

/// A snippet of a step in a chapter: ` ```rust,ignore ` below a link to the step.
struct Snippet {
    line: usize,
    step: String,
    code: Vec<String>,
}

fn snippets(text: &str) -> Vec<Snippet> {
    let mut snippets: Vec<Snippet> = Vec::new();
    let (mut step, mut inside) = (None, false);
    for (line, text) in (1..).zip(text.lines()) {
        let trimmed = text.trim();
        if inside && trimmed == "```" {
            inside = false;
        } else if inside {
            let snippet = snippets.last_mut().unwrap();
            snippet.code.push(trimmed.to_owned());
        } else if trimmed == "```rust,ignore" {
            let step = step.clone();
            let step = step.unwrap_or_else(|| panic!("line {line}: of which step?"));
            inside = true;
            let code = Vec::new();
            snippets.push(Snippet { line, step, code });
        } else if let Some((_, rest)) = text.split_once("](examples/") {
            step = rest.split_once(')').map(|(file, _)| file.to_owned());
        }
    }
    snippets
}

#[test]
fn parts_of_steps_stand_in_the_steps() {
    let mut count = 0;
    for document in documents() {
        let text = std::fs::read_to_string(&document).unwrap();
        for snippet in snippets(&text) {
            count += 1;
            let path = document
                .parent()
                .unwrap()
                .join("examples")
                .join(&snippet.step);
            let step = std::fs::read_to_string(&path).unwrap();
            let lines: HashSet<&str> = step.lines().map(str::trim).collect();
            let place = place(&document, snippet.line);
            assert!(!snippet.code.is_empty(), "{place}: nothing is shown");
            for line in snippet.code.iter().filter(|line| !line.is_empty()) {
                assert!(
                    lines.contains(&**line),
                    "{place}: not in {}: {line}",
                    snippet.step
                );
            }
        }
    }
    assert!(count >= 10, "only {count} parts of steps were found");
}

fn place(document: &Path, line: usize) -> String {
    format!(
        "{}:{line}",
        document.strip_prefix(house()).unwrap().display()
    )
}
