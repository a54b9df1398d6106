//! `choose` on a terminal: it asks, asks again, and Ctrl-C at a question ends it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use common::cli::interrupt::with_usual_signals;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

mod helpers;

/// Plays a terminal by util-linux' `script`, which gives a program one: waits for each text, and types
/// what belongs to it. Returns all that was shown, and whether the program ended well.
fn on_a_terminal(words: &str, play: &[(&str, &str)]) -> Option<(String, bool)> {
    let program = assert_cmd::cargo::cargo_bin("guidelines");
    let line = format!("{} {words}", program.display());
    if Command::new("script").arg("--version").output().is_err() {
        assert!(std::env::var_os("CI").is_none(), "script is missing");
        eprintln!("skipped: script is missing");
        return None;
    }
    // Without a limit the test would wait for ever for a question that is never asked.
    let mut script = with_usual_signals(&mut Command::new("timeout"))
        .args(["--foreground", "300", "script"])
        .args(["--quiet", "--return", "--command", &line, "/dev/null"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let (mut keys, mut screen) = (script.stdin.take().unwrap(), script.stdout.take().unwrap());
    let mut shown = String::new();
    let mut bytes = [0; 4096];
    let mut from = 0;
    for (expected, typed) in play {
        while !shown[from..].contains(expected) {
            let read = screen.read(&mut bytes).unwrap();
            assert!(read > 0, "{expected}: {shown}");
            shown += &String::from_utf8_lossy(&bytes[..read]);
        }
        from = shown.len();
        keys.write_all(typed.as_bytes()).unwrap();
    }
    while let Ok(read @ 1..) = screen.read(&mut bytes) {
        shown += &String::from_utf8_lossy(&bytes[..read]);
    }
    Some((shown, script.wait().unwrap().success()))
}

#[test]
fn what_no_flag_says_is_asked_for_and_asked_again() {
    let folder = tempfile::tempdir().unwrap();
    let report = helpers::report(folder.path(), "report.json", 1.0, &[]);
    let words = format!("choose --count 1000 --data 0 --from {}", report.display());
    let played = on_a_terminal(
        &words,
        &[
            ("How long does a task take by itself? [1ms]", "a while\n"),
            ("a while: ", "10ms\n"),
            ("does a task wait? [0%]", "\n"),
            ("change the same data? [no]", "maybe\n"),
            ("expected yes or no", "y\n"),
            ("crashes or leaks memory? [no]", "no\n"),
            ("blocking, async or any? [any]", "blocking\n"),
        ],
    );
    let Some((shown, well)) = played else { return };
    assert!(well, "{shown}");
    assert!(shown.contains("1,000 tasks of 10.0 ms"), "{shown}");
    assert!(shown.contains("Use: rayon."), "{shown}");
}

#[test]
fn ctrl_c_at_a_question_ends_it() {
    // The key, as a terminal sends it.
    let played = on_a_terminal("choose", &[("[1ms]", "\u{3}")]);
    let Some((shown, well)) = played else { return };
    assert!(!well, "{shown}");
    assert!(!shown.contains("How many tasks"), "{shown}");
}
