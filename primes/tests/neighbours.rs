//! Questions about a number: the n-th prime from it, the primes next to it, groups of primes; and
//! the options of each subcommand.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::assert::Assert;
use predicates::boolean::PredicateBooleanExt;
use predicates::str::{contains, diff, is_empty};
use serde_json::{Value, json};

fn primes(words: &str) -> Assert {
    assert_cmd::Command::cargo_bin("primes")
        .unwrap()
        .args(words.split(' '))
        .assert()
}

fn document(words: &str) -> Value {
    serde_json::from_slice(&primes(words).success().get_output().stdout).unwrap()
}

/// Expected: `primesieve::nth_prime(n, start)` of primesieve 12.16.
#[test]
fn the_nth_prime_from_a_number() {
    for (words, expected) in [
        ("nth 1 2", "3\n"),
        ("nth -1 3", "2\n"),
        ("nth -25 100", "2\n"),
        ("nth 100 1e15", "1000000000003871\n"),
        ("nth -3 1e12", "999999999959\n"),
        ("nth -1 1e12", "999999999989\n"),
        ("nth 5 18446744073709551400", "18446744073709551557\n"),
        ("nth -2 2^64-1", "18446744073709551533\n"),
    ] {
        primes(words).success().stdout(diff(expected));
    }
    assert_eq!(
        document("nth -3 1e12 --json"),
        json!({"n": -3, "start": 1_000_000_000_000_u64, "prime": 999_999_999_959_u64})
    );
    for (words, error) in [
        ("nth 0 5", "0: primes are counted from 1 on"),
        ("nth -1 2", "-1: there are fewer primes below 2\n"),
        ("nth -26 100", "-26: there are fewer primes below 100\n"),
        ("nth 7 2^64-100", "7: there are fewer primes from"),
        (
            "nth 4e17 2^63",
            "400000000000000000: there are fewer primes from",
        ),
    ] {
        primes(words)
            .code(2)
            .stdout(is_empty())
            .stderr(contains(error));
    }
}

/// Expected: `nextprime(n + 1)` and `precprime(n - 1)` of PARI 2.15.
#[test]
fn the_primes_next_to_a_number() {
    for (n, next, previous) in [
        ("3", 5_u64, 2_u64),
        ("11", 13, 7),
        ("104", 107, 103),
        ("3328", 3329, 3323),
        ("609357", 609_359, 609_337),
        ("4187301858", 4_187_301_901, 4_187_301_857),
        ("766597749627", 766_597_749_647, 766_597_749_583),
        ("1e15", 1_000_000_000_000_037, 999_999_999_999_989),
        (
            "2587485963407699",
            2_587_485_963_407_707,
            2_587_485_963_407_693,
        ),
        (
            "135616959610012153",
            135_616_959_610_012_163,
            135_616_959_610_012_079,
        ),
        (
            "2^63",
            9_223_372_036_854_775_837,
            9_223_372_036_854_775_783_u64,
        ),
    ] {
        primes(&format!("next {n}"))
            .success()
            .stdout(diff(format!("{next}\n")));
        let words = format!("previous {n}");
        primes(&words)
            .success()
            .stdout(diff(format!("{previous}\n")));
    }
    primes("previous 2^64-1")
        .success()
        .stdout(diff("18446744073709551557\n"));
    assert_eq!(document("next 7 --json"), json!({"number": 7, "prime": 11}));
    // A number without an answer is reported, and the others are answered.
    primes("next 2^64-59 1")
        .code(1)
        .stdout(diff("2\n"))
        .stderr(contains(
            "18446744073709551557: the next prime is beyond 2^64-1",
        ));
    primes("previous 2 x 4")
        .code(1)
        .stdout(diff("3\n"))
        .stderr(contains("2: there is no prime below it").and(contains("x: not a number")));
}

/// Expected: `primesieve START STOP -q -pK` of primesieve 12.16.
#[test]
fn groups_of_primes_are_printed() {
    for (words, expected) in [
        (
            "print 20 --tuplets 2",
            "(3, 5)\n(5, 7)\n(11, 13)\n(17, 19)\n",
        ),
        (
            "print 6 48 --tuplets 3",
            "(7, 11, 13)\n(11, 13, 17)\n(13, 17, 19)\n(17, 19, 23)\n(37, 41, 43)\n(41, 43, 47)\n",
        ),
        (
            "print 120 --tuplets 4",
            "(5, 7, 11, 13)\n(11, 13, 17, 19)\n(101, 103, 107, 109)\n",
        ),
        (
            "print 7 112 --tuplets 5",
            "(7, 11, 13, 17, 19)\n(11, 13, 17, 19, 23)\n(97, 101, 103, 107, 109)\n",
        ),
        (
            "print 120 --tuplets 6",
            "(7, 11, 13, 17, 19, 23)\n(97, 101, 103, 107, 109, 113)\n",
        ),
        ("print 8 10 --tuplets 2", ""),
        (
            "print 10000000000000 10000000002017 --tuplets 2",
            "(10000000001267, 10000000001269)\n(10000000001681, 10000000001683)\n",
        ),
        ("print 8 --tuplets 2 --json", "[3,5]\n[5,7]\n"),
    ] {
        primes(words).success().stdout(diff(expected));
    }
    for size in 2..=6 {
        let counted = document(&format!("count 1e12 --dist 1e6 --tuplets {size} --json"));
        let printed = primes(&format!("print 1e12 --dist 1e6 --tuplets {size}")).success();
        let lines = printed.get_output().stdout.iter().filter(|&&b| b == b'\n');
        assert_eq!(counted["count"], lines.count(), "{size}");
    }
}

/// The document always has the form of a comparison.
#[test]
fn counts_have_one_shape_of_json() {
    let keys = |words: &str| {
        let document = document(words);
        assert_eq!(document["count"], 664_579, "{words}");
        assert!(document["models"][0]["model"].is_string(), "{words}");
        let keys = document.as_object().unwrap().keys().cloned();
        keys.collect::<Vec<String>>()
    };
    let expected = keys("count 1e7 --json");
    for words in [
        "count 1e7 --json --algorithm sieve",
        "count 1e7 --json --algorithm combinatorial",
        "count 1e7 --json --algorithm combinatorial --runs 2",
        "count 1e7 --json --model serial",
        "count 1e7 --json --model rayon --runs 3",
        "count 1e7 --json --model all",
    ] {
        assert_eq!(keys(words), expected, "{words}");
    }
}

/// With several runs, the requested algorithm is used in each.
#[test]
fn an_algorithm_is_run_as_often_as_asked() {
    let document = document("count 1e8 --algorithm combinatorial --runs 3 --json");
    assert_eq!(document["algorithm"], "combinatorial");
    assert_eq!(document["runs"], 3);
    assert_eq!(document["count"], 5_761_455);
}

#[test]
fn options_that_do_nothing_are_not_offered() {
    let help = |subcommand: &str| {
        let assert = primes(&format!("{subcommand} --help")).success();
        String::from_utf8_lossy(&assert.get_output().stdout).into_owned()
    };
    let options = [
        "--jobs",
        "--runs",
        "--trace",
        "--timeline",
        "--json",
        "--quiet",
    ];
    for (subcommand, offered) in [
        ("count", &options[..]),
        ("gil", &options[..]),
        ("nth", &["--jobs", "--json", "--quiet"]),
        ("print", &["--json", "--quiet"]),
        ("next", &["--json", "--quiet"]),
        ("previous", &["--json", "--quiet"]),
        ("check", &["--json", "--quiet"]),
        ("factor", &["--json", "--quiet"]),
    ] {
        let help = help(subcommand);
        for option in options {
            let is_offered = help.contains(option);
            assert_eq!(
                is_offered,
                offered.contains(&option),
                "{subcommand} {option}: {help}"
            );
        }
    }
    for (words, error) in [
        ("-j 2 factor 7", "--jobs: does nothing in factor\n"),
        ("--runs 2 nth 7", "--runs: does nothing in nth\n"),
        ("--timeline print 7", "--timeline: does nothing in print\n"),
        (
            "--json completions bash",
            "--json: does nothing in completions\n",
        ),
    ] {
        primes(words)
            .code(2)
            .stdout(is_empty())
            .stderr(contains(error));
    }
    primes("factor 7 -j 2")
        .code(2)
        .stderr(contains("unexpected argument '-j'"));
}
