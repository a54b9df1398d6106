//! A whole session with its pictures, and a standard output that its reader closes.
#![cfg(all(unix, feature = "cli"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use common::cli::{self, OutputArgs, TraceArgs};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, ExitCode, Stdio, exit};

#[test]
fn finish_writes_the_trace_and_the_picture() {
    let folder = tempfile::tempdir().unwrap();
    let (trace, picture) = (folder.path().join("t.json"), folder.path().join("t.svg"));
    let pictures = TraceArgs {
        trace: Some(trace.clone()),
        timeline: Some(Some(picture.clone())),
    };
    let output = OutputArgs {
        quiet: true,
        ..OutputArgs::default()
    };
    let session = cli::start_with(&pictures, &output).unwrap();
    tracing::info_span!("sieve").in_scope(|| ());
    tracing::debug_span!("inner workings").in_scope(|| ());
    session.finish().unwrap();

    let json = fs::read_to_string(trace).unwrap();
    serde_json::from_str::<serde_json::Value>(&json).unwrap();
    assert!(json.contains("sieve") && !json.contains("inner workings"));
    assert!(fs::read_to_string(picture).unwrap().contains("sieve"));
}

#[test]
fn pictures_that_would_replace_or_spoil_something_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("picture");
    let stdout = std::path::PathBuf::from("-");
    let pictures =
        |trace: Option<&std::path::PathBuf>, timeline: Option<&std::path::PathBuf>| TraceArgs {
            trace: trace.cloned(),
            timeline: timeline.cloned().map(Some),
        };
    // With `--json`, and with text, also with `--quiet`.
    let outputs = [(false, false), (true, false), (false, true)];
    for (pictures, expected) in [
        (
            pictures(Some(&file), Some(&file)),
            "picture: --trace and --timeline are two files",
        ),
        (
            pictures(Some(&stdout), None),
            "-: standard output is for the answer: name a file",
        ),
        (
            pictures(None, Some(&stdout)),
            "-: standard output is for the answer: name a file",
        ),
    ] {
        for (json, quiet) in outputs {
            let output = OutputArgs { json, quiet };
            let error = cli::start_with(&pictures, &output).unwrap_err();
            assert!(error.to_string().contains(expected), "{error}");
            assert_eq!(cli::main(|| Err(error.into())), ExitCode::from(2));
        }
    }
}

#[test]
#[ignore = "a role: a program that writes until nobody reads"]
fn endless_writer() {
    let code = cli::main(|| {
        let mut out = cli::stdout();
        loop {
            writeln!(out, "ready")?;
            out.flush()?;
        }
    });
    // The test harness would fail on the closed pipe itself.
    exit(if code == ExitCode::SUCCESS { 0 } else { 3 });
}

#[test]
#[ignore = "a role: a program that has something to remark"]
fn remarker() {
    // Wait until the test has closed standard error.
    std::io::stdin().read_line(&mut String::new()).unwrap();
    common::remark!("{} words", 2);
    let code = cli::main(|| anyhow::bail!("and an error"));
    exit(if code == ExitCode::from(1) { 42 } else { 3 });
}

#[test]
fn a_closed_standard_error_is_not_a_failure() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "remarker", "--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stderr.take());
    drop(child.stdin.take());
    assert_eq!(child.wait().unwrap().code(), Some(42));
}

#[test]
fn a_reader_that_leaves_ends_the_program_quietly() {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "endless_writer", "--ignored", "--nocapture"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains("ready")));
    drop(lines);
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
}
