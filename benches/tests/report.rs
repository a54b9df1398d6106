//! `benches report` on a workspace that is made up: its pages, and which tables it finds too old.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::Path;
use std::process::Command as Program;

use assert_cmd::Command;
use predicates::str::contains;
use tempfile::TempDir;

fn git(folder: &Path, date: &str, args: &[&str]) {
    let done = Program::new("git")
        .arg("-C")
        .arg(folder)
        .args([
            "-c",
            "user.name=Nobody",
            "-c",
            "user.email=nobody@example.org",
        ])
        .args(args)
        .env("GIT_AUTHOR_DATE", date)
        .env("GIT_COMMITTER_DATE", date)
        .output()
        .unwrap();
    assert!(done.status.success(), "{done:?}");
}

/// A repository whose `primes/src` changed at noon, and `reactor/src` in the evening. (The zone of the
/// evening's commit is another one: 23:00 there is 21:00 in UTC.)
fn workspace() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    git(folder.path(), "", &["init", "--quiet"]);
    for (room, date) in [
        ("primes", "2026-11-30T12:00:00+0000"),
        ("reactor", "2026-11-30T23:00:00+0200"),
    ] {
        fs::create_dir_all(at(room).join("src")).unwrap();
        fs::write(at(room).join("src/lib.rs"), room).unwrap();
        git(folder.path(), date, &["add", "."]);
        git(folder.path(), date, &["commit", "--quiet", "-m", room]);
    }
    fs::create_dir_all(at("benches/results")).unwrap();
    folder
}

fn table(workspace: &Path, name: &str, measures: &str, date: &str) {
    let date = match date {
        "" => "null".to_owned(),
        date => format!("\"{date}\""),
    };
    let json = format!(
        r#"{{"name": "{name}", "title": "work of {name}", "made": {{"command": "benches versus {name}",
        "version": "0.1.0, commit abc", "date": {date}, "machine": "two CPUs"}},
        "measures": ["{measures}"], "columns": ["beside", "ratio"], "rows": [["peer 1.0", "1.32"]]}}"#
    );
    let path = workspace.join(format!("benches/results/{name}.json"));
    fs::write(path, json).unwrap();
}

fn report(workspace: &Path) -> Command {
    let mut command = Command::cargo_bin("benches").unwrap();
    command.args(["report", "--workspace"]).arg(workspace);
    command
}

#[test]
fn what_is_older_than_its_code_is_named() {
    let folder = workspace();
    table(
        folder.path(),
        "before",
        "primes/src",
        "2026-11-30T11:59:59Z",
    );
    table(folder.path(), "after", "primes/src", "2026-11-30T12:00:01Z");
    table(folder.path(), "zone", "reactor/src", "2026-11-30T21:00:01Z");
    table(folder.path(), "unnoted", "primes/src", "");
    report(folder.path())
        .arg("--check")
        .assert()
        .code(1)
        .stdout(contains("after: current\n"))
        .stdout(contains("zone: current\n"))
        .stdout(contains(
            "before: older: its code changed at 2026-11-30T12:00:00Z",
        ))
        .stdout(contains("unnoted: unknown: the table has no date"));
    for name in ["before", "unnoted"] {
        fs::remove_file(folder.path().join(format!("benches/results/{name}.json"))).unwrap();
    }
    report(folder.path()).arg("--check").assert().success();
    // Nothing was written.
    assert!(!folder.path().join("benches/RESULTS.md").exists());
}

#[test]
fn the_pages_have_every_table_and_what_made_it() {
    let folder = workspace();
    table(folder.path(), "count", "primes/src", "2026-11-30T13:00:00Z");
    table(folder.path(), "echo", "reactor/src", "2026-11-30T13:00:00Z");
    report(folder.path()).assert().success();
    let markdown = fs::read_to_string(folder.path().join("benches/RESULTS.md")).unwrap();
    for part in [
        "## work of count\n\n| beside | ratio |\n|---|---|\n| peer 1.0 | 1.32 |\n",
        "`benches versus count`, 0.1.0, commit abc, 2026-11-30T13:00:00Z, on two CPUs.\n",
        "`benches versus echo`, 0.1.0, commit abc, 2026-11-30T13:00:00Z, on two CPUs.\n",
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }
    let html = fs::read_to_string(folder.path().join("benches/RESULTS.html")).unwrap();
    assert!(html.contains("<td>peer 1.0</td><td>1.32</td>"), "{html}");
}

#[test]
fn criterions_results_become_tables() {
    let folder = workspace();
    // As criterion 0.8 writes them; what isn't read is left out.
    for (model, nanos) in [("threads", 12_345.6), ("call", 7.25)] {
        let new = folder
            .path()
            .join(format!("target/criterion/spawn/{model}/1/new"));
        fs::create_dir_all(&new).unwrap();
        let benchmark = format!(
            r#"{{"group_id": "spawn", "function_id": "{model}", "value_str": "1", "throughput": null}}"#
        );
        fs::write(new.join("benchmark.json"), benchmark).unwrap();
        let interval = format!(
            r#"{{"confidence_level": 0.95, "lower_bound": {nanos}, "upper_bound": {}}}"#,
            2.0 * nanos
        );
        let estimates = format!(
            r#"{{"mean": {{}}, "median": {{"point_estimate": {nanos}, "confidence_interval": {interval}}}}}"#
        );
        fs::write(new.join("estimates.json"), estimates).unwrap();
        // The folder of the run before is none of them.
        fs::create_dir_all(new.with_file_name("base")).unwrap();
        fs::copy(
            new.join("benchmark.json"),
            new.with_file_name("base").join("benchmark.json"),
        )
        .unwrap();
    }
    let mut command = report(folder.path());
    command.arg("--criterion").env_remove("CARGO_TARGET_DIR");
    command.assert().success();
    let markdown = fs::read_to_string(folder.path().join("benches/RESULTS.md")).unwrap();
    for part in [
        "## criterion, spawn: an iteration",
        "| call | 1 | 7.2 ns | 7.2 ns … 14.5 ns |",
        "| threads | 1 | 12.3 us | 12.3 us … 24.7 us |",
        "`cargo bench -p benches -- spawn/`",
    ] {
        assert!(markdown.contains(part), "{part}\n{markdown}");
    }
}

#[test]
fn what_can_not_be_read_is_named() {
    let folder = workspace();
    let path = folder.path().join("benches/results/broken.json");
    fs::write(&path, "{").unwrap();
    report(folder.path())
        .assert()
        .code(1)
        .stderr(contains("broken.json"));
    fs::remove_file(&path).unwrap();
    report(folder.path())
        .arg("--criterion")
        .env_remove("CARGO_TARGET_DIR")
        .assert()
        .code(1)
        .stderr(contains("run `cargo bench -p benches` first"));
}

#[test]
fn the_pages_of_the_house_are_made_of_its_tables() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let tables = benches::results::saved::load(&house).unwrap();
    for (name, expected) in [
        ("RESULTS.md", benches::results::pages::markdown(&tables)),
        ("RESULTS.html", benches::results::pages::html(&tables)),
    ] {
        let page = fs::read_to_string(house.join("benches").join(name)).unwrap();
        assert!(
            page == expected,
            "{name} is another one: `benches report` makes it"
        );
    }
}

/// Six rows of the root README, and each is one of the results.
#[test]
fn the_front_page_has_six_rows_of_these_results() {
    let house = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let front = fs::read_to_string(house.join("README.md")).unwrap();
    let (_, section) = front.split_once("## How fast").unwrap();
    let (section, _) = section.split_once("\n## ").unwrap();
    assert!(section.contains("(benches/RESULTS.md)"), "no link");
    let rows: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with("| "))
        .skip(1)
        .collect();
    assert_eq!(rows.len(), 6);
    let tables = benches::results::saved::load(&house).unwrap();
    let cells: Vec<&String> = tables.iter().flat_map(|it| &it.rows).flatten().collect();
    for row in rows {
        let ratio = row.split('|').nth(3).unwrap().trim();
        assert!(
            cells
                .iter()
                .any(|cell| cell.split(' ').any(|word| word.starts_with(ratio))),
            "{row}: in no table"
        );
    }
}
