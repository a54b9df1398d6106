//! The command, from outside.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::{contains, is_empty};
use rustix::process::{Pid, Signal, kill_process};

fn scheduler(words: &[&str]) -> Assert {
    assert_cmd::Command::cargo_bin("scheduler")
        .unwrap()
        .args(words)
        .assert()
}

fn json(words: &[&str]) -> serde_json::Value {
    let words = [words, &["--json"]].concat();
    serde_json::from_slice(&scheduler(&words).success().get_output().stdout).unwrap()
}

const SQUARES: &str = "squares: 1 4 9 16 25 36 49 64 81 100";

#[test]
fn the_demonstration_goes_through_the_steps() {
    let assert = scheduler(&[]).success().stdout(
        contains("round-robin: ")
            .and(contains("turns: spspspspspssssss"))
            .and(contains("system-calls: "))
            .and(contains("policy: "))
            .and(contains("tasks: "))
            .and(contains("What you saw")),
    );
    let text = String::from_utf8_lossy(&assert.get_output().stdout).into_owned();
    assert_eq!(text.matches(SQUARES).count(), 3, "{text}");
    let shown = json(&[]);
    for step in ["round-robin", "system-calls", "policy", "tasks"] {
        assert!(!shown[step].is_null(), "{shown}");
    }
}

#[test]
fn each_step_shows_its_own() {
    scheduler(&["generator"])
        .success()
        .stdout(contains("[1, 3, 6, 10, 15,"));
    scheduler(&["round-robin"])
        .success()
        .stdout(contains("primes: 2 3 5 7\n"));
    scheduler(&["system-calls"]).success().stdout(
        contains("task 1 has returned; task 0 kills task 2")
            .and(contains("letters: P parent; s squares; p primes"))
            .and(contains("Some(").not()),
    );
    scheduler(&["sync"]).success().stdout(
        contains("the primes' sum, through a channel of 2: 17")
            .and(contains("(there) waits for lock \"bob\", held by task")),
    );
    scheduler(&["tasks", "-q"])
        .success()
        .stdout(contains(SQUARES).and(contains("longest run")));
}

#[test]
fn a_blocking_call_is_seen_by_its_longest_run() {
    let shown = json(&["tasks", "--blocking"]);
    let runs = shown["tasks"]["tasks"].as_array().unwrap().clone();
    let longest = |name: &str| {
        let task = runs.iter().find(|task| task["task"] == name).unwrap();
        task["longest_run_seconds"].as_f64().unwrap()
    };
    // It sleeps that long: a lower bound holds on every machine.
    assert!(longest("blocker") >= 0.06, "{shown}");
}

#[test]
fn policies_differ_as_they_should() {
    let rows = json(&["policy", "--turns", "96", "--seed", "7"])["policy"].clone();
    let row = |name: &str| {
        let rows = rows.as_array().unwrap();
        rows.iter()
            .find(|row| row["policy"] == name)
            .unwrap()
            .clone()
    };
    assert_eq!(row("round robin")["backup_waits"], 2);
    assert_eq!(row("strict priority")["backup_waits"], 32);
    assert!(row("ageing priority")["backup_waits"].as_u64() < Some(32));
    assert_eq!(row("earliest deadline")["late"], 0);
    assert_eq!(row("lottery")["turns"].as_array().unwrap().len(), 96);
    assert_eq!(
        json(&["policy", "--seed", "5"]),
        json(&["policy", "--seed", "5"]),
        "the same seed gives the same draws"
    );
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    for words in [
        &[][..],
        &["generator"],
        &["round-robin"],
        &["system-calls"],
        &["policy"],
        &["policy", "--turns", "49"],
        &["policy", "--turns", "1000"],
        &["sync"],
        &["tasks"],
    ] {
        let assert = scheduler(words).success();
        let output = assert.get_output();
        for stream in [&output.stdout, &output.stderr] {
            let text = String::from_utf8_lossy(stream);
            let wide = text.lines().find(|line| line.chars().count() > 80);
            assert_eq!(wide, None, "{words:?}");
            // Plain text, not Rust's debug output.
            assert!(!text.contains("Some(") && !text.contains("Ok("), "{text}");
        }
    }
    let turns = scheduler(&["policy", "--turns", "100"]).success();
    let text = String::from_utf8_lossy(&turns.get_output().stdout).into_owned();
    let letters = text.lines().skip(2).take(3).map(|line| {
        let turns = line.get(20..68).unwrap_or(&line[20..]);
        turns.trim_end().len()
    });
    assert_eq!(letters.sum::<usize>(), 100, "{text}");
}

#[test]
fn a_timeline_draws_who_ran_when() {
    scheduler(&["round-robin", "--timeline"])
        .success()
        .stderr(contains("squares: ran 11 times").and(contains("primes: ran 5 times")));
    scheduler(&["tasks", "--timeline"])
        .success()
        .stderr(contains("heartbeat: ran"));
    scheduler(&["policy", "--timeline"])
        .success()
        .stderr(contains("strict priority: ran once").and(contains("lottery: ran once")));
}

#[test]
fn wrong_usage_is_named_in_one_line() {
    for (words, expected) in [
        (&["policy", "--turns", "0"][..], "0: from 1 to 1000 turns"),
        (&["policy", "--turns", "many"], "many: not a number"),
        (&["policy", "--seed", "-1"], "unexpected argument"),
        (
            &["chat-server", "--listen", "nowhere"],
            "nowhere: expected HOST:PORT",
        ),
    ] {
        scheduler(words)
            .code(2)
            .stdout(is_empty())
            .stderr(contains(expected));
    }
}

#[test]
fn completions_are_for_the_shell_asked_for() {
    scheduler(&["completions", "bash"])
        .success()
        .stdout(contains("_scheduler()"));
}

#[test]
fn an_address_in_use_is_named() {
    let (mut server, address) = serve();
    scheduler(&["chat-server", "--listen", &address])
        .code(1)
        .stderr(contains(format!("{address}: cannot listen there")));
    server.kill().unwrap();
    server.wait().unwrap();
}

fn serve() -> (Child, String) {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("scheduler"));
    common::cli::interrupt::with_usual_signals(&mut command);
    serve_by(&mut command)
}

fn serve_by(command: &mut Command) -> (Child, String) {
    let mut server = command
        .args(["chat-server", "--listen", "0", "--json"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(server.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let line: serde_json::Value = serde_json::from_str(&line).unwrap();
    (server, line["listening"].as_str().unwrap().to_owned())
}

/// Shells start background jobs this way, because Ctrl-C is not meant for them.
#[test]
fn a_signal_that_was_ignored_at_the_start_stays_ignored() {
    let mut shell = Command::new("sh");
    shell.args(["-c", "trap '' INT; exec \"$0\" \"$@\""]);
    shell.arg(assert_cmd::cargo::cargo_bin!("scheduler"));
    let (mut server, address) = serve_by(&mut shell);
    kill_process(Pid::from_child(&server), Signal::INT).unwrap();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"ann:\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("welcome"));
    kill_process(Pid::from_child(&server), Signal::TERM).unwrap();
    assert_eq!(server.wait().unwrap().code(), Some(130));
}

#[test]
fn ctrl_c_ends_the_chat_in_good_order() {
    let (mut server, address) = serve();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"ann:\nno name\n").unwrap();
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("welcome"));
    assert!(lines.next().unwrap().unwrap().contains("not understood"));
    kill_process(Pid::from_child(&server), Signal::INT).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0, "it is closed, not reset");
    assert_eq!(server.wait().unwrap().code(), Some(130));
}
