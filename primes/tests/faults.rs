//! Processes are killed: no process is left, and no count is wrong.
#![cfg(all(target_os = "linux", feature = "cli"))]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use common::cli::interrupt::with_usual_signals;

/// Far more than these waits should take. A longer wait is a failure.
const PATIENCE: Duration = Duration::from_secs(30);

/// Starts a count that would take minutes, in two worker processes.
fn long_count() -> (Child, Vec<u32>) {
    start(&["count", "1e13"])
}

/// Starts the program in a process group of its own. Returns it and its two workers.
fn start(words: &[&str]) -> (Child, Vec<u32>) {
    let parent = with_usual_signals(&mut Command::new(env!("CARGO_BIN_EXE_primes")))
        .args(words)
        .args(["--model", "processes", "-j", "2"])
        .process_group(0)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let workers = until(|| Some(children(parent.id())).filter(|workers| workers.len() == 2));
    // They are in the middle of a job: they have computed for a while.
    until(|| workers.iter().all(|&pid| cpu_ticks(pid) >= 5).then_some(()));
    (parent, workers)
}

/// Asks again until there is an answer, because there is no event from another process to wait for.
fn until<T>(mut answer: impl FnMut() -> Option<T>) -> T {
    let start = Instant::now();
    loop {
        if let Some(answer) = answer() {
            return answer;
        }
        assert!(start.elapsed() < PATIENCE, "waited for {PATIENCE:?}");
        thread::yield_now();
    }
}

/// The processes that any thread of `pid` has started and not yet waited for.
fn children(pid: u32) -> Vec<u32> {
    let Ok(threads) = fs::read_dir(format!("/proc/{pid}/task")) else {
        return Vec::new();
    };
    let lists = threads
        .flatten()
        .filter_map(|it| fs::read_to_string(it.path().join("children")).ok());
    lists
        .flat_map(|list| {
            list.split_whitespace()
                .map(|pid| pid.parse().unwrap())
                .collect::<Vec<_>>()
        })
        .collect()
}

fn signal(name: &str, pid: &str) {
    let status = Command::new("kill")
        .args([name, "--", pid])
        .status()
        .unwrap();
    assert!(status.success(), "kill {name} {pid}");
}

fn all_gone(pids: &[u32]) {
    until(|| pids.iter().all(|pid| is_gone(*pid)).then_some(()));
}

/// Whether a process has ended. The process that adopted it may not have waited for it yet.
fn is_gone(pid: u32) -> bool {
    matches!(state(pid), None | Some('Z'))
}

/// The state of a process, a letter of `/proc/PID/stat`; `None` if it does not exist.
fn state(pid: u32) -> Option<char> {
    fields(pid)?.first()?.chars().next()
}

/// Whether a process has a handler for SIGTERM, which is installed last.
fn handles_sigterm(pid: u32) -> bool {
    const SIGTERM: u64 = 1 << (15 - 1);
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok())
        .is_some_and(|mask| mask & SIGTERM != 0)
}

/// The user time of a process so far.
fn cpu_ticks(pid: u32) -> u64 {
    // It is the 14th field.
    fields(pid)
        .and_then(|fields| fields.get(11)?.parse().ok())
        .unwrap_or(0)
}

/// The fields of `/proc/PID/stat` after the name, which may contain spaces.
fn fields(pid: u32) -> Option<Vec<String>> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let rest = stat.rsplit(')').next()?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_worker_killed_in_the_middle_is_an_error_that_names_it() {
    let (parent, workers) = long_count();
    signal("-KILL", &workers[0].to_string());
    let output = parent.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "",
        "no count is better than a wrong one"
    );
    let errors = stderr(&output);
    assert!(errors.contains(&format!("{}", workers[0])), "{errors}");
    assert!(
        errors.contains("signal: 9") && errors.contains("working on \"primes from "),
        "{errors}"
    );
    all_gone(&workers);
}

#[test]
fn ctrl_c_ends_in_good_order_and_leaves_no_worker() {
    let (parent, workers) = long_count();
    signal("-INT", &parent.id().to_string());
    let output = parent.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    assert!(
        stderr(&output).contains("interrupted after"),
        "{}",
        stderr(&output)
    );
    all_gone(&workers);
}

/// One piece takes a minute, so waiting for its end would be too late.
#[test]
fn every_model_stops_in_the_middle_of_a_piece_and_tells_what_was_done() {
    for words in [
        "count 1e18 --dist 1e12 --model serial",
        "count 1e18 --dist 1e12 --model threads",
        "count 1e18 --dist 1e12 --model processes",
        "count 1e18 --dist 1e12 --model rayon",
        "count 1e18 --dist 1e12 --model async",
        "count 1e18 --dist 1e12 --model async-blocking",
        "count 1e18 --dist 1e12 --model gil",
        "count 1e18",
        "nth 4e17",
    ] {
        let child = with_usual_signals(&mut Command::new(env!("CARGO_BIN_EXE_primes")))
            .args(words.split(' '))
            .args(["-j", "2"])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let working = || match children(child.id())[..] {
            [] => cpu_ticks(child.id()) >= 5,
            ref workers => workers.iter().any(|&pid| cpu_ticks(pid) >= 5),
        };
        until(|| working().then_some(()));
        signal("-INT", &child.id().to_string());
        let output = child.wait_with_output().unwrap();
        let errors = stderr(&output);
        assert_eq!(output.status.code(), Some(130), "{words}: {errors}");
        assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{words}");
        // No piece was finished; of the formula, almost nothing.
        let told = [
            "interrupted after 0 of 1000000000001 numbers\n",
            "interrupted after about 0%",
        ];
        assert!(
            told.iter().any(|it| errors.starts_with(it)),
            "{words}: {errors}"
        );
    }
}

#[test]
fn ctrl_c_in_a_terminal_is_for_the_parent_to_answer() {
    let (parent, workers) = long_count();
    // A terminal sends the signal to the whole foreground group.
    signal("-INT", &format!("-{}", parent.id()));
    let output = parent.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(130));
    let errors = stderr(&output);
    assert!(errors.contains("interrupted after"), "{errors}");
    all_gone(&workers);
}

/// The reader has stopped reading, so after one signal the program would wait forever to write its
/// line.
#[test]
fn a_second_ctrl_c_leaves_at_once_whatever_it_waits_for() {
    let mut child = with_usual_signals(&mut Command::new(env!("CARGO_BIN_EXE_primes")))
        .args(["print", "1e13"])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    // Its handlers are installed, and it sleeps, because the pipe is full.
    until(|| (handles_sigterm(child.id()) && state(child.id()) == Some('S')).then_some(()));
    // Signals within 200 ms count as one, so send until one is late enough.
    let status = until(|| {
        let ended = child.try_wait().unwrap();
        if ended.is_none() {
            signal("-INT", &child.id().to_string());
        }
        ended
    });
    assert_eq!(status.code(), Some(130));
}

/// Commands without workers stop too: with a list that would take hours, and with an input that
/// never ends.
#[test]
fn ctrl_c_ends_what_has_no_workers() {
    for (words, code) in [(&["print", "1e13"][..], Some(130)), (&["factor"], None)] {
        let child = with_usual_signals(&mut Command::new(env!("CARGO_BIN_EXE_primes")))
            .args(words)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        // It has started: it sleeps for input, or it has computed for a while.
        until(|| (cpu_ticks(child.id()) > 2 || state(child.id()) == Some('S')).then_some(()));
        signal("-INT", &child.id().to_string());
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), code, "{words:?}");
        if code.is_some() {
            let said = stderr(&output);
            assert!(said.starts_with("interrupted after "), "{said}");
        }
    }
}

#[test]
fn workers_end_with_their_parent_even_if_it_is_killed() {
    let (mut parent, workers) = long_count();
    signal("-KILL", &parent.id().to_string());
    parent.wait().unwrap();
    all_gone(&workers);
}
