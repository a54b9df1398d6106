//! The command from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, is_empty};
use serde_json::Value;

fn concepts(words: &[&str]) -> assert_cmd::assert::Assert {
    Command::new(assert_cmd::cargo::cargo_bin!("concepts"))
        .args(words)
        .assert()
}

#[test]
fn the_demonstration_draws_each_way_and_ends_with_what_to_read() {
    let assert = concepts(&["--runs", "1"]).success();
    let text = String::from_utf8(assert.get_output().stdout.clone()).unwrap();
    for expected in [
        "sequential",
        "concurrent, not parallel",
        "Two painters: parallel",
        "a global lock",
        "WORK THAT WAITS",
        "all 4 models agree",
        "Read next: concepts/README.md",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    // One painter's lane has both rooms in it, and two painters' have one each.
    let lanes: Vec<&str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("  painter "))
        .collect();
    assert_eq!(lanes.len(), 12, "{text}");
    assert!(lanes[0].contains('A') && lanes[0].contains('B'), "{text}");
    assert!(lanes[2].contains('A') && !lanes[2].contains('B'), "{text}");
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
}

#[test]
fn json_has_every_stretch_of_every_lane() {
    let assert = concepts(&["--runs=1", "--json"])
        .success()
        .stderr(is_empty());
    let results: Value = serde_json::from_slice(&assert.get_output().stdout).unwrap();
    let results = results.as_array().unwrap();
    assert_eq!(results.len(), 2);
    for result in results {
        let scenes = result["scenes"].as_array().unwrap();
        let names: Vec<&str> = scenes
            .iter()
            .map(|it| it["model"].as_str().unwrap())
            .collect();
        assert_eq!(
            names,
            ["sequential", "taking turns", "two painters", "one ladder"]
        );
        let painters: Vec<usize> = scenes
            .iter()
            .map(|it| it["lanes"].as_array().unwrap().len())
            .collect();
        assert_eq!(painters, [1, 1, 2, 2]);
        for stretch in scenes[0]["lanes"][0].as_array().unwrap() {
            let [start, end] = ["start_s", "end_s"].map(|key| stretch[key].as_f64().unwrap());
            assert!(start <= end);
        }
    }
}

#[test]
fn the_picture_is_one_file_that_needs_no_other() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("lanes.svg");
    concepts(&["--runs=1", "--quiet", "--svg", file.to_str().unwrap()])
        .success()
        .stdout(contains("WORK THAT").not());
    let picture = std::fs::read_to_string(&file).unwrap();
    assert!(picture.starts_with("<svg") && picture.trim_end().ends_with("</svg>"));
    assert!(picture.contains("waits for the ladder") && !picture.contains("href"));
    concepts(&["--runs=1", "--svg=-"])
        .success()
        .stdout(predicates::str::starts_with("<svg").and(contains("speed-up").not()));
}

#[test]
fn mistakes_are_named_in_a_line_before_anything_is_painted() {
    for (words, expected) in [
        (&["--runs", "0"][..], "0: at least 1 is needed"),
        (&["--runs", "1e9"], "1e9: at most 100"),
        (&["--svg", "/nowhere/lanes.svg"], "/nowhere"),
        (
            &["--json", "--svg=-"],
            "--json already uses standard output",
        ),
        (&["paint"], "paint"),
    ] {
        let assert = concepts(words)
            .stdout(is_empty())
            .stderr(contains(expected));
        let code = assert.get_output().status.code();
        assert!(matches!(code, Some(1 | 2)), "{words:?}: {code:?}");
    }
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_with_130() {
    use common::cli::interrupt::with_usual_signals;
    use std::io::Read;
    use std::process::{Command, Stdio};

    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("concepts"));
    let command = with_usual_signals(&mut command).args(["--runs", "100"]);
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    // A signal that comes before the program listens ends it by the signal: that is right, too.
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args(["-INT", &id])
            .status()
            .unwrap()
            .success()
    );
    let mut text = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut text)
        .unwrap();
    let status = child.wait().unwrap();
    use std::os::unix::process::ExitStatusExt;
    assert!(
        status.code() == Some(130) || status.signal() == Some(2),
        "{status}"
    );
    assert_eq!(text, "");
}
