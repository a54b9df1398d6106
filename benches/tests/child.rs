//! The costs of real children. One is this test binary, run again for the ignored tests.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use benches::child::{Launcher, Run};
use common::timing::{cpu_time, peak_memory};

const BLOCK: u64 = 64 << 20;

fn launcher() -> Launcher {
    Launcher::at(env!("CARGO_BIN_EXE_benches"))
}

/// Measures this binary as one of the roles below.
fn role(name: &str) -> Run {
    let this = std::env::current_exe().unwrap();
    let args = ["--exact", name, "--ignored"].map(str::to_owned);
    launcher().run(&this, &args, "").unwrap()
}

fn touch_a_block() -> Vec<u8> {
    black_box(vec![1; BLOCK as usize])
}

#[test]
#[ignore = "a role: a child that takes memory"]
fn large_child() {
    touch_a_block();
}

#[test]
#[ignore = "a role: a child that uses CPU time"]
fn busy_child() {
    while cpu_time().total() < Duration::from_millis(100) {
        black_box((0..10_000_u64).fold(0, |sum, n| sum ^ black_box(n)));
    }
}

#[test]
fn a_childs_memory_is_counted() {
    let peak = role("large_child").cost.peak_memory.unwrap();
    assert!((BLOCK..2 * BLOCK).contains(&peak), "{peak}");
}

#[test]
fn a_child_does_not_inherit_our_memory() {
    let block = touch_a_block();
    assert!(peak_memory().is_none_or(|ours| ours >= BLOCK));
    let run = launcher().run(Path::new("true"), &[], "").unwrap();
    drop(block);
    let peak = run.cost.peak_memory.unwrap();
    assert!((1..BLOCK / 4).contains(&peak), "{peak}");
}

#[test]
fn a_childs_cpu_time_is_counted() {
    let cpu = role("busy_child").cost.cpu.unwrap();
    assert!(cpu >= Duration::from_millis(100), "{cpu:?}");
}

#[test]
fn a_program_gets_its_input_and_its_output_is_kept() {
    let run = launcher().run(Path::new("cat"), &[], "2\n3").unwrap();
    assert_eq!(run.stdout, "2\n3");
    // More than it reads, and more than a pipe holds.
    let long = "x".repeat(1 << 20);
    let run = launcher().run(Path::new("true"), &[], &long).unwrap();
    assert_eq!(run.stdout, "");
}

#[test]
fn failures_name_the_program_and_the_reason() {
    let script = |text: &str| ["-c", text].map(str::to_owned);
    let sh = Path::new("sh");
    for (program, args, expected) in [
        (
            sh,
            script("echo full >&2; exit 3"),
            "sh: exit status: 3: full",
        ),
        (sh, script("kill -9 $$"), "sh: signal: 9 (SIGKILL)"),
        (
            Path::new("no-such-program"),
            script(""),
            "no-such-program: not measured: error: No such file or directory (os error 2)",
        ),
    ] {
        let error = launcher().run(program, &args, "").unwrap_err();
        assert_eq!(error.to_string(), expected);
    }
}
