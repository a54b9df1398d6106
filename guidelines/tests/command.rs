//! The command from outside: what it refuses, what it advises on given figures, and how it stops.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use common::cli::interrupt::with_usual_signals;
use helpers::report;
use predicates::str::contains;
use std::path::PathBuf;
use std::process::Stdio;

mod helpers;

fn guidelines() -> Command {
    Command::cargo_bin("guidelines").unwrap()
}

#[test]
fn advice_by_flags_names_a_model_a_gain_with_its_range_and_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path(), "a.json", 1.0, &[]);
    guidelines()
        .args(["choose", "--length", "1ms", "--count", "1000", "--from"])
        .arg(&report)
        .assert()
        .success()
        .stdout(contains("1,000 tasks of 1.00 ms, of which 0 % waiting."))
        .stdout(contains("Use: rayon."))
        .stdout(contains("Expected here: 4.00 times as fast"))
        .stdout(contains("Copy: primes/examples/5_rayon.rs"))
        .stdout(contains("or shorter: one after another"));
    let run = guidelines()
        .args([
            "choose",
            "--waiting",
            "99%",
            "--length",
            "1s",
            "--count",
            "1e5",
            "--json",
            "--from",
        ])
        .arg(&report)
        .assert()
        .success();
    let json: serde_json::Value = serde_json::from_slice(&run.get_output().stdout).unwrap();
    assert_eq!(json["advice"]["model"], "async-and-pool");
    let gain = &json["advice"]["gain"];
    assert!(gain["low"].as_f64().unwrap() < gain["high"].as_f64().unwrap());
    guidelines()
        .args(["choose", "--isolation", "yes", "--shared", "yes", "--from"])
        .arg(&report)
        .assert()
        .success()
        .stdout(contains("Use: a process pool."))
        .stdout(contains("sent as messages"));
}

#[test]
fn a_report_that_was_written_is_shown_again() {
    let folder = tempfile::tempdir().unwrap();
    let report = report(folder.path(), "a.json", 1.0, &["before: it was busy"]);
    let page = folder.path().join("page.html");
    guidelines()
        .arg("--from")
        .arg(&report)
        .arg("--html")
        .arg(&page)
        .assert()
        .success()
        .stdout(contains("a machine of four CPUs"))
        .stdout(contains("THE MACHINE WAS BUSY: before: it was busy."))
        .stdout(contains("WHAT TO USE WHEN"));
    let page = std::fs::read_to_string(page).unwrap();
    assert!(page.contains("<svg"), "{page}");
}

#[test]
fn figures_of_a_busy_machine_advise_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let busy = ["before: other programs kept 1.0 of 4 CPUs busy"];
    let report = report(folder.path(), "busy.json", 1.0, &busy);
    guidelines()
        .args(["choose", "--from"])
        .arg(&report)
        .assert()
        .code(1)
        .stdout(contains("Nothing is recommended: the machine was busy"));
}

#[test]
fn two_reports_agree_where_their_ranges_overlap() {
    let folder = tempfile::tempdir().unwrap();
    let first = report(folder.path(), "a.json", 1.0, &[]);
    let nearly = report(folder.path(), "b.json", 1.02, &[]);
    let slower = report(folder.path(), "c.json", 2.0, &["after: it was busy"]);
    guidelines()
        .arg("compare")
        .args([&first, &nearly])
        .assert()
        .success()
        .stdout(contains("8 of 8 figures agree"));
    guidelines()
        .arg("compare")
        .args([&first, &slower])
        .assert()
        .success()
        .stdout(contains("0 of 8 figures agree"))
        .stdout(contains("the second machine was busy after: it was busy"))
        .stdout(predicates::function::function(|text: &str| {
            text.lines().all(|line| line.chars().count() <= 80)
        }));
}

/// A report may come from anybody.
#[test]
fn a_report_of_a_stranger_changes_nothing_of_the_terminal() {
    let folder = tempfile::tempdir().unwrap();
    let path = report(folder.path(), "a.json", 1.0, &["before: \u{1b}[2J"]);
    let text = std::fs::read_to_string(&path).unwrap();
    let text = text.replace("\"title\":\"start\"", "\"title\":\"\\u001b[31mred\"");
    std::fs::write(&path, text.replace("start/call", "start/\\u001b[7mcall")).unwrap();
    let path = path.as_os_str();
    for words in [
        &["--from".as_ref(), path][..],
        &["compare".as_ref(), path, path],
        &["choose".as_ref(), "--from".as_ref(), path],
    ] {
        let run = guidelines().args(words).assert();
        let output = run.get_output();
        assert!(!output.stdout.contains(&0x1b), "{words:?}");
        assert!(!output.stdout.is_empty(), "{words:?}");
    }
}

#[test]
fn what_can_not_be_read_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let (none, other) = (
        folder.path().join("none.json"),
        folder.path().join("other.json"),
    );
    std::fs::write(&other, "{\"primes\": 4}").unwrap();
    let newer = folder.path().join("newer.json");
    std::fs::write(&newer, "{\"format\": 2}").unwrap();
    for (file, expected) in [
        (&none, "none.json: No such file"),
        (&other, "other.json: not a report of guidelines"),
        (&newer, "newer.json: format 2; this program reads 1"),
        // Endless, and without a length.
        (&PathBuf::from("/dev/zero"), "/dev/zero: longer than"),
    ] {
        guidelines()
            .arg("compare")
            .args([file, file])
            .assert()
            .code(1)
            .stderr(contains(expected));
    }
    guidelines()
        .args(["--cluster", "/dev/zero"])
        .assert()
        .code(1)
        .stderr(contains("/dev/zero: longer than"));
    for (args, expected) in [
        (&["choose", "--waiting", "90"][..], "expected a share"),
        (&["choose", "--length", "0"], "expected more than 0"),
        (&["choose", "--count", "0"], "at least 1"),
        (&["--runs", "10"], "expected 1 to 9"),
        (
            &["--html", "-", "--json"],
            "--json already uses standard output",
        ),
        (&["--cluster"], "a value is required"),
    ] {
        guidelines()
            .args(args)
            .assert()
            .code(2)
            .stderr(contains(expected));
    }
    guidelines()
        .args(["--no-python", "compare"])
        .args([&other, &other])
        .assert()
        .code(2)
        .stderr(contains("do nothing before a subcommand"));
    guidelines()
        .args(["--html", "/nowhere/report.html"])
        .assert()
        .code(1)
        .stderr(contains("/nowhere"));
}

/// The shell lets it have twelve open files.
#[test]
fn without_descriptors_it_says_what_it_needs() {
    let program = assert_cmd::cargo::cargo_bin("guidelines");
    let line = format!("ulimit -n 12; exec {} --no-python -q", program.display());
    Command::new("sh")
        .args(["-c", &line])
        .assert()
        .code(1)
        .stderr(contains("open files (see ulimit -a): "));
}

#[test]
fn ctrl_c_ends_a_measurement_and_its_children() {
    let mark = format!("ctrl-c-{}", std::process::id());
    let binary = assert_cmd::cargo::cargo_bin("guidelines");
    let mut child = with_usual_signals(&mut std::process::Command::new(binary))
        .arg("--no-python")
        .env("GUIDELINES_TEST", &mark)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    // As soon as it has a child, it measures.
    while with_mark(&mark).len() < 2 {
        std::thread::yield_now();
    }
    let signal = std::process::Command::new("kill")
        .args(["-INT", &child.id().to_string()])
        .status();
    assert!(signal.unwrap().success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    // Processes that were killed may take a moment to end.
    while !with_mark(&mark).is_empty() {
        std::thread::yield_now();
    }
}

/// The processes that inherited this value in their environment.
fn with_mark(mark: &str) -> Vec<u32> {
    let mark = format!("GUIDELINES_TEST={mark}").into_bytes();
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    processes
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let environment = std::fs::read(entry.path().join("environ")).ok()?;
            let has = environment.split(|&byte| byte == 0).any(|it| it == mark);
            has.then_some(pid)
        })
        .collect()
}
