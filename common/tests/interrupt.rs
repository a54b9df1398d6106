//! Ctrl-C, once and twice, sent to this test binary, which runs itself as a child.
#![cfg(all(unix, feature = "cli"))]
#![expect(unsafe_code, reason = "std can't send a signal other than SIGKILL")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use common::cli::interrupt::{self, with_usual_signals};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

/// The child: it reports that it is ready, and each signal that it sees. It answers each line. It
/// never ends by itself.
#[test]
#[ignore = "a role: the program that is interrupted"]
fn program() {
    let interrupt = interrupt::install().unwrap();
    eprintln!("ready");
    let watched = interrupt.clone();
    thread::spawn(move || {
        while !watched.raised() {
            thread::yield_now();
        }
        eprintln!("raised");
    });
    for _ in std::io::stdin().lines() {
        eprintln!("alive, {}", interrupt.raised());
    }
}

struct Program {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStderr>>,
}

impl Program {
    /// Starts the child by `sh`, after the shell command `word`, which sets up signals.
    fn start(word: &str) -> Program {
        let script = format!("{word} exec \"$0\" \"$@\"");
        let mut command = Command::new("sh");
        command
            .args(["-c", &script])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "program", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = with_usual_signals(&mut command).spawn().unwrap();
        let lines = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut program = Program { child, lines };
        program.wait_for("ready");
        program
    }

    fn wait_for(&mut self, word: &str) {
        let said = self.lines.by_ref().any(|line| line.unwrap().contains(word));
        assert!(said, "it ended before it was {word}");
    }

    /// Sends a line and waits for the answer: signals that were sent before have then been seen.
    fn ask(&mut self, answer: &str) {
        self.child
            .stdin
            .as_mut()
            .unwrap()
            .write_all(b"?\n")
            .unwrap();
        self.wait_for(answer);
    }

    fn send(&self, signal: i32) {
        let pid = i32::try_from(self.child.id()).unwrap();
        // SAFETY: `kill` touches no memory, and the child has not been waited for, so its pid is
        // still valid.
        assert_eq!(unsafe { libc::kill(pid, signal) }, 0);
    }

    /// Sends a signal again and again, until the program has ended.
    fn send_until_it_ends(&mut self, signal: i32) -> Option<i32> {
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            self.send(signal);
            thread::yield_now();
        }
    }
}

#[test]
fn the_first_signal_raises_the_flag_and_a_later_one_leaves_with_130() {
    for second in [libc::SIGINT, libc::SIGTERM] {
        let mut program = Program::start("");
        program.send(libc::SIGINT);
        program.wait_for("raised");
        assert_eq!(program.send_until_it_ends(second), Some(130));
    }
}

#[test]
fn two_signals_at_once_are_one() {
    let mut program = Program::start("");
    // Both signals are pending when the child continues: they are delivered together.
    program.send(libc::SIGSTOP);
    program.send(libc::SIGINT);
    program.send(libc::SIGTERM);
    program.send(libc::SIGCONT);
    program.wait_for("raised");
    program.ask("alive, true");
    program.child.kill().unwrap();
    program.child.wait().unwrap();
}

#[test]
fn a_signal_ignored_at_the_start_stays_ignored() {
    let mut program = Program::start("trap '' INT;");
    program.send(libc::SIGINT);
    program.ask("alive, false");
    program.send(libc::SIGTERM);
    program.wait_for("raised");
    program.child.kill().unwrap();
    program.child.wait().unwrap();
}
