//! Each step of the chapter runs and shows what the chapter says it shows.
//!
//! Cargo builds a package's examples together with its tests, beside them.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::Command;

fn step(number: usize) -> String {
    let mut path = std::env::current_exe().unwrap();
    path.pop();
    path.pop();
    path.push("examples");
    path.push(format!("concepts-{number}{}", std::env::consts::EXE_SUFFIX));
    let output = Command::new(&path).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    assert!(output.status.success(), "step {number}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_they_compute_is_right() {
    // Sums by the formula for arithmetic series: 7 * n * (n + 1) / 2 with n = (end - 1) / 7.
    let sum = |end: u64| 7 * ((end - 1) / 7) * ((end - 1) / 7 + 1) / 2;
    let expected = format!(
        "main: {}, the second thread: {}",
        sum(1_000_000),
        sum(2_000_000)
    );
    for (number, expected) in [
        (1, &*expected),
        (2, "2 threads added 100000 each: 200000"),
        (3, "4 threads added 50000 each: 200000"),
        (3, "the largest seen by any: 199996"),
        (4, "sums by producer: [5050, 5050, 5050]"),
        (5, "lengths: [3, 7, 3, 5, 5, 5]"),
        (5, "letters: 28"),
        (6, "each waits for the other: a deadlock: true"),
        (6, "both painted 10000 times"),
        (8, "check, then act: 2 were paid, -60 is left"),
        (8, "in one step:     1 was paid, 20 is left"),
    ] {
        let text = step(number);
        assert!(text.contains(expected), "step {number}: {text}");
    }
}
