//! On a busy machine nothing is recommended. This test makes it busy.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use assert_cmd::Command;
use predicates::str::contains;
use std::process::{Child, Stdio};

/// Spins until it is dropped.
struct Spinning(Child);

impl Drop for Spinning {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn beside_a_process_that_spins_it_says_so_and_refuses() {
    let binary = assert_cmd::cargo::cargo_bin("guidelines");
    let mut command = std::process::Command::new(&binary);
    command
        .args(["guidelines-child", "spin"])
        .stdin(Stdio::null());
    let spinning = Spinning(command.spawn().unwrap());
    Command::new(&binary)
        .args(["choose", "--runs", "1", "--quiet"])
        .assert()
        .code(1)
        .stdout(contains("Nothing is recommended: the machine was busy"))
        // Lines are broken at 80 columns, wherever that is.
        .stdout(predicates::function::function(|text: &str| {
            let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
            words.contains("CPUs busy") || words.contains("had a CPU for")
        }));
    drop(spinning);
}
