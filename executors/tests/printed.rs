//! The example in the documentation of `worker_args`, in a file of its own: it is built as a test,
//! and run.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "support/compile.rs"]
mod compile;

use std::fs;
use std::path::Path;
use std::process::Command;

/// The example above a method, as a reader sees it.
fn printed(source: &str, method: &str) -> String {
    let (before, _) = source.split_once(method).unwrap();
    let lines: Vec<_> = before.lines().rev().skip(1).collect();
    let fence = |line: &&&str| line.trim_start().starts_with("/// ```");
    let inside = lines.iter().skip_while(|line| !fence(line)).skip(1);
    let mut inside: Vec<_> = inside.take_while(|line| !fence(line)).collect();
    inside.reverse();
    let text = |line: &&&str| line.trim_start().trim_start_matches("///").to_owned();
    let seen = inside
        .iter()
        .map(text)
        .filter(|line| !line.starts_with(" # "));
    seen.map(|line| line + "\n").collect()
}

#[test]
fn the_example_of_worker_args_is_a_program_that_tests_itself() {
    if !compile::is_possible() {
        return;
    }
    let source = include_str!("../src/process_pool/builder.rs");
    let example = printed(source, "pub fn worker_args(");
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("printed");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("printed.rs");
    fs::write(&file, &example).unwrap();
    let program = folder.join("printed");
    compile::compile(&file, &program, &["executors", "serde"], &["--test"]);
    let output = Command::new(program).output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{example}{said}");
    assert!(said.contains("2 passed"), "{said}");
}
