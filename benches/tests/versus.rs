//! The whole command, with made-up programs in the place of the real ones.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::{Mutex, MutexGuard, PoisonError};

use assert_cmd::Command;
use predicates::prelude::*;
use predicates::str::{contains, starts_with};
use serde_json::Value;
use tempfile::TempDir;

/// A folder with the command in it, and beside it what it looks for.
struct Stage {
    folder: TempDir,
    _alone: MutexGuard<'static, ()>,
}

impl Stage {
    /// Scripts by name, each with its text.
    fn new(scripts: &[(&str, &str)]) -> Stage {
        // While a file is open for writing another thread's child may hold it too for a moment,
        // and then it can't be run: one stage at a time.
        static ALONE: Mutex<()> = Mutex::new(());
        let alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
        let command = folder.path().join("benches");
        fs::hard_link(env!("CARGO_BIN_EXE_benches"), command).unwrap();
        symlink("/bin/sh", folder.path().join("sh")).unwrap();
        for (name, text) in scripts {
            let path = folder.path().join(name);
            fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        }
        Stage {
            folder,
            _alone: alone,
        }
    }

    fn versus(&self, args: &[&str]) -> Command {
        let mut command = Command::new(self.folder.path().join("benches"));
        command
            .arg("versus")
            .args(args)
            // Nothing else is installed, and nothing is built.
            .env("PATH", self.folder.path())
            .env_remove("CARGO");
        command
    }
}

const RIGHT: &str = "echo 455052511";
const WRONG: &str = "echo 42";

#[test]
fn equal_answers_are_confirmed_and_what_is_missing_is_named() {
    let stage = Stage::new(&[
        ("primes", RIGHT),
        ("primesieve", "echo fake 12.5; echo 455052511"),
    ]);
    stage
        .versus(&["count", "--runs", "2", "-j1"])
        .assert()
        .success()
        .stdout(
            contains("ours and 1 other gave the same answer every time: 455052511")
                .and(contains("pairs: 2, after a warm-up"))
                .and(contains("primesieve 12.5"))
                .and(contains("too few to say which is faster"))
                .and(contains("primal is missing (not built"))
                .and(contains(
                    "cargo build --release --manifest-path benches/peers/primal/Cargo.toml",
                )),
        );
}

#[test]
fn a_peer_that_is_not_installed_is_named_with_its_command() {
    let stage = Stage::new(&[("primes", RIGHT)]);
    stage
        .versus(&["count", "--runs", "1", "-j1"])
        .assert()
        .success()
        .stdout(
            contains("primesieve is missing (not on the PATH): apt-get install primesieve").and(
                contains("no other program to compare the answer with: 455052511"),
            ),
        );
}

#[test]
fn another_answer_is_a_failure() {
    let stage = Stage::new(&[
        ("primes", RIGHT),
        ("primesieve", WRONG),
        ("peer-primal", RIGHT),
    ]);
    stage
        .versus(&["count", "--runs", "1", "-j1"])
        .assert()
        .code(1)
        .stdout(
            contains("DISAGREEMENT: primesieve 1e10 -t1 --quiet answered 42, ours 455052511")
                .and(contains("ours and 1 other gave the same answer")),
        );
}

#[test]
fn a_peer_that_dies_is_a_failure_and_the_others_still_run() {
    let dies = "case $1 in --version) echo 1.0;; *) echo no memory >&2; exit 9;; esac";
    let stage = Stage::new(&[
        ("primes", RIGHT),
        ("primesieve", dies),
        ("peer-primal", RIGHT),
    ]);
    let output = stage
        .versus(&["count", "--runs", "1", "-j1", "--json"])
        .assert()
        .code(1)
        .get_output()
        .stdout
        .clone();
    let document: Value = serde_json::from_slice(&output).unwrap();
    assert_eq!(document["failed"], true);
    let rows = &document["jobs"][0]["rows"];
    assert_eq!(rows[0]["name"], "itself");
    assert_eq!(
        rows[1]["outcome"]["failed"],
        "primesieve: exit status: 9: no memory"
    );
    let measured = &rows[2]["outcome"]["measured"];
    assert_eq!(measured["ratio"]["pairs"], 1);
    assert_eq!(measured["faster"], "unknown");
    assert!(measured["theirs"]["peak_memory"].as_u64().unwrap() > 0);
}

#[test]
fn without_our_program_there_is_nothing_to_compare() {
    let stage = Stage::new(&[]);
    stage
        .versus(&["count"])
        .assert()
        .code(1)
        .stderr(contains("not built").and(contains("cargo build --release -p primes")));
    drop(stage);
    let stage = Stage::new(&[("primes", "exit 7")]);
    stage
        .versus(&["count"])
        .assert()
        .code(1)
        .stderr(contains("primes: exit status: 7"));
}

#[test]
fn an_answer_of_ours_that_changes_is_an_error() {
    // The first run leaves a mark, and the second finds it.
    let fickle = "if [ -e \"$0.ran\" ]; then echo 2; else : >\"$0.ran\"; echo 1; fi";
    let stage = Stage::new(&[("primes", fickle)]);
    stage
        .versus(&["count", "-j1"])
        .assert()
        .code(1)
        .stderr(contains("answered 1 and then 2"));
}

#[test]
fn the_table_can_be_markdown() {
    let stage = Stage::new(&[("primes", RIGHT)]);
    stage
        .versus(&["count", "--runs", "1", "-j1", "--markdown"])
        .assert()
        .success()
        .stdout(
            contains("| beside")
                .and(contains("| itself"))
                .and(contains("- ours: primes")),
        );
}

#[test]
fn jobs_are_listed_and_others_refused() {
    let stage = Stage::new(&[]);
    for words in [["--list"].as_slice(), &["--list", "--json"]] {
        stage
            .versus(words)
            .assert()
            .success()
            .stdout(contains("primesieve 1e10 -t1").and(contains("check.py")));
    }
    stage
        .versus(&["juggle"])
        .assert()
        .code(2)
        .stderr(starts_with(
            "error: juggle: no such job: there are count, check, ",
        ));
}

#[test]
fn our_check_answers_as_the_script_does() {
    for model in ["threads", "processes"] {
        Command::new(env!("CARGO_BIN_EXE_benches"))
            .args(["check", model, "2"])
            .write_stdin("7\n1\n9\n7\n2\n")
            .assert()
            .success()
            .stdout("1\n0\n0\n1\n1\n");
    }
    Command::new(env!("CARGO_BIN_EXE_benches"))
        .args(["check", "threads", "2"])
        .write_stdin("seven\n")
        .assert()
        .code(1)
        .stderr(contains("error: seven: not a number"));
}

/// A table is kept with its command and date, and a run in which nothing was measured leaves it.
#[test]
fn a_saved_table_becomes_a_page() {
    let measured = Stage::new(&[
        ("primes", RIGHT),
        ("primesieve", "echo fake 12.5; echo 455052511"),
    ]);
    let folder = measured.folder.path();
    let house = folder.join("house");
    fs::create_dir(&house).unwrap();
    let words = ["count", "--runs", "5", "-j1", "--save", "--workspace"];
    let save = || {
        let mut command = measured.versus(&words);
        command.arg(&house).assert()
    };
    save().success().stderr(contains("versus-count.json"));
    let file = house.join("benches/results/versus-count.json");
    let table: Value = serde_json::from_slice(&fs::read(&file).unwrap()).unwrap();
    assert_eq!(table["made"]["command"], "benches versus count --runs 5");
    assert!(table["made"]["date"].as_str().unwrap().ends_with('Z'));
    assert_eq!(table["measures"], serde_json::json!(["primes/src"]));
    let row = table["rows"][0].as_array().unwrap();
    assert_eq!(row.len(), table["columns"].as_array().unwrap().len());
    assert!(
        row[1].as_str().unwrap().contains("primesieve 12.5"),
        "{row:?}"
    );
    assert!(row[3].as_str().unwrap().starts_with("5: "), "{row:?}");
    Command::new(folder.join("benches"))
        .args(["report", "--workspace"])
        .arg(&house)
        .assert()
        .success();
    let page = fs::read_to_string(house.join("benches/RESULTS.md")).unwrap();
    assert!(page.contains("primesieve 12.5"), "{page}");
    let before = fs::read(&file).unwrap();
    fs::remove_file(folder.join("primesieve")).unwrap();
    save().success().stderr(contains("count: not saved"));
    assert_eq!(fs::read(&file).unwrap(), before);
}
