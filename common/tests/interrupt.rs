//! Ctrl-C, once and twice, sent to this test binary run again.
#![cfg(all(unix, feature = "cli"))]
#![expect(unsafe_code, reason = "std can't send a signal other than SIGKILL")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use common::cli::interrupt;
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::thread;

/// Says when it is ready, and when it has seen each signal; never ends by itself.
#[test]
#[ignore = "a role: the program that is interrupted"]
fn program() {
    let interrupt = interrupt::install().unwrap();
    eprintln!("ready");
    while !interrupt.raised() {
        thread::yield_now();
    }
    eprintln!("raised");
    loop {
        thread::park();
    }
}

fn start() -> (Child, impl FnMut(&str)) {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "program", "--ignored", "--nocapture"])
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let wait_for = move |word: &str| {
        let said = lines.by_ref().any(|line| line.unwrap().contains(word));
        assert!(said, "it ended before it was {word}");
    };
    (child, wait_for)
}

fn send(child: &Child, signal: i32) {
    let pid = i32::try_from(child.id()).unwrap();
    // SAFETY: `kill` touches no memory, and the child isn't reaped yet, so the pid is still its.
    assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
}

#[test]
fn the_first_signal_raises_the_flag_and_the_second_leaves_with_130() {
    for second in [libc::SIGINT, libc::SIGTERM] {
        let (mut child, mut wait_for) = start();
        wait_for("ready");
        send(&child, libc::SIGINT);
        wait_for("raised");
        send(&child, second);
        assert_eq!(child.wait().unwrap().code(), Some(130));
    }
}
