//! Helpers that the tests of the command share.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::process::{Child, Command};

/// The command with arguments.
pub fn command(args: &[&str]) -> assert_cmd::Command {
    let mut command = assert_cmd::Command::cargo_bin("green-threads").unwrap();
    command.args(args);
    command
}

/// Waits until its handlers are installed. That of SIGTERM is the last.
pub fn until_it_handles_signals(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    let handles = |line: &str| {
        let mask = line.strip_prefix("SigCgt:").map(str::trim)?;
        Some(u64::from_str_radix(mask, 16).unwrap() & 1 << (15 - 1) != 0)
    };
    while !std::fs::read_to_string(&status)
        .unwrap()
        .lines()
        .find_map(handles)
        .unwrap()
    {
        std::thread::yield_now();
    }
}

/// The command, with the default signals, even if this test was started with signals ignored.
pub fn program() -> Command {
    let mut program = Command::new(assert_cmd::cargo::cargo_bin!("green-threads"));
    common::cli::interrupt::with_usual_signals(&mut program);
    program
}
