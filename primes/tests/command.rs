//! Tests of the command: answers, formats, errors, pipes.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::{contains, diff, is_empty};

fn primes(words: &[&str]) -> Assert {
    assert_cmd::Command::cargo_bin("primes")
        .unwrap()
        .args(words)
        .assert()
}

fn primes_reading(input: &str, words: &[&str]) -> Assert {
    assert_cmd::Command::cargo_bin("primes")
        .unwrap()
        .args(words)
        .write_stdin(input)
        .assert()
}

fn json(assert: Assert) -> serde_json::Value {
    serde_json::from_slice(&assert.success().get_output().stdout).unwrap()
}

/// OEIS A006880, A007508, A006988.
#[test]
fn answers_are_the_published_ones() {
    for (words, expected) in [
        (&["count", "1e9"][..], "50847534\n"),
        (&["count", "1e7", "--tuplets", "2"], "58980\n"),
        (&["count", "0"], "0\n"),
        (&["count", "2", "2"], "1\n"),
        (&["count", "18_446_744_073_709_551_557", "2^64-1"], "1\n"),
        (&["nth", "1e6"], "15485863\n"),
        (&["print", "0", "20"], "2\n3\n5\n7\n11\n13\n17\n19\n"),
        (&["print", "24", "28"], ""),
        (&["print", "100", "--dist", "10"], "101\n103\n107\n109\n"),
        (&["check", "91", "97"], "91 is not prime\n97 is prime\n"),
        (
            &["factor", "1", "84", "2^64-1"],
            "1:\n84: 2 2 3 7\n18446744073709551615: 3 5 17 257 641 65537 6700417\n",
        ),
    ] {
        primes(words).success().stdout(diff(expected));
    }
}

/// OEIS A006880, by both algorithms where both are fast; a range by difference.
#[test]
fn the_formula_counts_what_the_sieve_counts() {
    for (words, expected) in [
        (&["count", "1e12"][..], "37607912018\n"),
        (&["count", "1e9", "--algorithm", "sieve"], "50847534\n"),
        (
            &["count", "1e9", "--algorithm", "combinatorial"],
            "50847534\n",
        ),
        (
            &["count", "1e9", "2e9", "--algorithm", "combinatorial"],
            "47374753\n",
        ),
        (
            &["count", "1e9", "2e9", "--algorithm", "sieve"],
            "47374753\n",
        ),
        (&["count", "2", "3", "--algorithm", "combinatorial"], "2\n"),
        (&["nth", "1e10"], "252097800623\n"),
    ] {
        primes(words).success().stdout(diff(expected));
    }
    let ran = |words: &[&str]| json(primes(words))["algorithm"].clone();
    assert_eq!(ran(&["count", "1e12", "--json"]), "combinatorial");
    assert_eq!(ran(&["count", "1e12", "--dist", "1e6", "--json"]), "sieve");
    assert_eq!(
        ran(&["count", "1e9", "--model", "rayon", "--json"]),
        "sieve"
    );
    assert_eq!(ran(&["count", "1e9", "--tuplets", "2", "--json"]), "sieve");
    primes(&[
        "count",
        "1e9",
        "--tuplets",
        "2",
        "--algorithm",
        "combinatorial",
    ])
    .code(2)
    .stderr(contains("--algorithm combinatorial: counts single primes"));
}

#[test]
fn numbers_are_expressions() {
    for (words, expected) in [
        (&["count", "2^64-1e3", "2^64-1"][..], "21\n"),
        (&["count", "3*5"], "6\n"),
        (&["count", "0x64"], "25\n"),
        (&["check", "(1e3+9)"], "1009 is prime\n"),
        (
            &["factor", "1e18+1"],
            "1000000000000000001: 101 9901 999999000001\n",
        ),
        (&["factor", "+7"], "7: 7\n"),
    ] {
        primes(words).success().stdout(diff(expected));
    }
}

/// A range just below 2^64 that is long enough for the sieve, compared with single tests.
#[test]
fn the_sieve_is_right_to_the_last_number() {
    let dist = 1 << 25;
    let start = u64::MAX - dist;
    let sieved = json(primes(&[
        "count",
        &start.to_string(),
        "--dist",
        &dist.to_string(),
        "--json",
    ]));
    // Short pieces are tested number by number.
    let pieces = (0..32).map(|piece| {
        let start = start + piece * (dist / 32) + u64::from(piece > 0);
        let stop = u64::MAX - dist + (piece + 1) * (dist / 32);
        primes::interval::count(start..=stop, primes::Constellation::Single)
    });
    assert_eq!(sieved["count"], pieces.sum::<u64>());
}

#[test]
fn every_model_counts_alike() {
    primes(&[
        "count", "123456", "9876543", "--model", "all", "-j", "3", "-q",
    ])
    .success()
    .stdout(contains("all 7 models agree: the same count"));
}

#[test]
fn the_experiment_is_the_same_in_every_model() {
    let report = json(primes(&["--rounds", "2", "--json", "-j", "3"]));
    assert_eq!(report["agreement"]["agreed"], true, "{report}");
    let models: Vec<&str> = report["models"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["model"].as_str().unwrap())
        .collect();
    let expected = [
        "serial",
        "threads",
        "processes",
        "rayon",
        "async",
        "async-blocking",
        "gil",
    ];
    assert_eq!(models, expected);
}

#[test]
fn python_agrees_if_it_is_there() {
    if Command::new("python3").arg("--version").output().is_err() {
        primes(&["gil", "--python"])
            .code(1)
            .stderr(contains("--python needs python3 on the PATH"));
        return;
    }
    let report = json(primes(&["gil", "--python", "--rounds", "1", "--json"]));
    assert_eq!(report["agreement"]["agreed"], true, "{report}");
    assert!(report.to_string().contains("python-processes"), "{report}");
}

#[test]
fn wrong_input_is_named_in_one_line() {
    for (words, named) in [
        (&["count", "-5"][..], "-5: negative"),
        (&["count", "1e30"], "1e30: too large"),
        (&["count", "abc"], "abc: not a number"),
        (&["count", "1.5"], "1.5: not a whole number"),
        (&["count", ""], "empty"),
        (&["count", "10", "5"], "10 5: the range is empty"),
        (
            &["count", "2^64-1", "--dist", "1"],
            "18446744073709551615 + 1: beyond 2^64-1",
        ),
        (
            &["count", "1", "2", "--dist", "1"],
            "--dist: can't be combined with STOP",
        ),
        (&["count", "1e3", "--tuplets", "7"], "7: from 1 to 6"),
        (&["count", "1e3", "-j", "0"], "0: at least 1"),
        (&["print", "10", "5"], "10 5"),
        (&["nth", "0"], "0: primes are counted from 1 on"),
        (
            &["nth", "2^64-1"],
            "18446744073709551615: there are primes 1 to",
        ),
        (&["--rounds", "0"], "0: from 1 to"),
        (
            &["--model", "rayon", "count", "5"],
            "--model: belongs to the experiment",
        ),
    ] {
        let assert = primes(words)
            .code(2)
            .stdout(is_empty())
            .stderr(contains(named));
        let errors = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
        assert_eq!(errors.lines().count(), 1, "{words:?}: {errors}");
    }
}

#[test]
fn shared_flags_may_stand_on_either_side_of_the_subcommand() {
    for words in [
        ["--json", "-j2", "count", "100"],
        ["count", "100", "-j2", "--json"],
    ] {
        assert_eq!(json(primes(&words))["count"], 25);
    }
}

#[test]
fn a_comparison_of_counts_tells_the_count() {
    primes(&["count", "1e4", "--model", "all", "-q"])
        .success()
        .stdout(contains("count: 1229\n"));
    let report = json(primes(&["count", "1e4", "--runs", "2", "--json"]));
    assert_eq!(
        (&report["count"], &report["agreement"]["agreed"]),
        (&1229.into(), &true.into())
    );
}

/// As GNU coreutils' `factor` 9.1: values, `--exponents`, and continuing after a bad argument.
#[test]
fn factors_are_those_of_the_gnu_tool() {
    for (words, expected) in [
        (
            &["factor", "--exponents", "360", "7"][..],
            "360: 2^3 3^2 5\n7: 7\n",
        ),
        (&["factor", " 12 "], "12: 2 2 3\n"),
        (
            &["factor", "2^128-1"],
            "340282366920938463463374607431768211455: 3 5 17 257 641 65537 274177 6700417 \
             67280421310721\n",
        ),
        (
            &["factor", "(2^64-59)*(2^64-83)"],
            "340282366920938460843936948965011886881: 18446744073709551533 \
             18446744073709551557\n",
        ),
    ] {
        primes(words).success().stdout(diff(expected));
    }
    primes(&["factor", "6", "x\u{1b}[2J", "-1", "10"])
        .code(1)
        .stdout(diff("6: 2 3\n10: 2 5\n"))
        .stderr(diff(
            "error: x\\u{1b}[2J: not a number: expected a whole number such as 1000, 10_000, 1e9, \
             0xff or 2^32-1\nerror: -1: negative: expected a whole number such as 1000, 10_000, \
             1e9, 0xff or 2^32-1\n",
        ));
}

/// A program at the other end of a pipe gets its answer before it sends the next question.
#[test]
fn an_answer_comes_before_the_next_question() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_primes"))
        .arg("factor")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut questions = child.stdin.take().unwrap();
    let mut answers = BufReader::new(child.stdout.take().unwrap()).lines();
    for n in [4, 9] {
        writeln!(questions, "{n}").unwrap();
        assert!(
            answers
                .next()
                .unwrap()
                .unwrap()
                .starts_with(&format!("{n}: "))
        );
    }
    drop(questions);
    assert!(child.wait().unwrap().success());
}

#[test]
fn bad_words_among_good_ones_cost_nothing_but_themselves() {
    primes_reading("7 x\n\n8\n-1 9", &["check"])
        .code(1)
        .stdout(diff("7 is prime\n8 is not prime\n9 is not prime\n"))
        .stderr(contains("line 1: x: not a number").and(contains("line 4: -1: negative")));
    primes_reading(&format!("7 {} 8", "7".repeat(1 << 20)), &["check"])
        .code(1)
        .stdout(diff("7 is prime\n8 is not prime\n"))
        .stderr(contains("a word longer than 100 bytes"));
    primes_reading("", &["factor"]).success().stdout(is_empty());
}

#[test]
fn json_is_one_document_or_one_a_line() {
    let count = json(primes(&["count", "100", "--json"]));
    assert_eq!((&count["count"], &count["stop"]), (&25.into(), &100.into()));
    let nth = json(primes(&["nth", "10", "--json"]));
    assert_eq!(nth, serde_json::json!({"n": 10, "start": 0, "prime": 29}));
    primes(&["factor", "12", "7", "--json"])
        .success()
        .stdout(diff(
            "{\"factors\":[2,2,3],\"number\":12}\n{\"factors\":[7],\"number\":7}\n",
        ));
}

#[test]
fn a_reader_that_leaves_ends_a_long_list_quietly() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_primes"))
        .args(["print", "1e12"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut first = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut first)
        .unwrap();
    assert_eq!(first, "2\n");
    // The reader is gone. The program ends by itself, hours before the work would be finished.
    assert_eq!(child.wait().unwrap().code(), Some(0));
    let mut errors = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut errors)
        .unwrap();
    assert_eq!(errors, "");
}

// On other systems worker processes are not in a trace.
#[cfg(unix)]
#[test]
fn a_timeline_shows_the_worker_processes() {
    let assert = primes(&[
        "--model",
        "processes",
        "--rounds",
        "1",
        "-j",
        "2",
        "--timeline",
    ])
    .success();
    let picture = String::from_utf8_lossy(&assert.get_output().stderr).into_owned();
    assert!(picture.contains("check"), "{picture}");
}

#[test]
fn completions_are_for_the_shell_asked_for() {
    primes(&["completions", "bash"])
        .success()
        .stdout(contains("_primes()"));
}
