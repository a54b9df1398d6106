//! The end of the parent: no worker outlives it.

use std::io::{BufRead, BufReader};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};

use common::cli::interrupt::with_usual_signals;
use executors::Executor;

use crate::support::alone::{alone, command, is_alone};
use crate::support::system::{Do, Way, is_stopped, signal};
use crate::support::{Act, builder, is_alive, until};

/// Set for a parent that leaves alone what its workers leave behind.
const LEAVES: &str = "EXECUTORS_TEST_LEAVES";

/// Starts a parent with three workers (this program too, running the test below) in its own process
/// group. Returns the workers' pids, and then that of a daemon that a job has started.
fn start_parent(set_up: impl FnOnce(&mut Command)) -> (Child, Vec<u32>) {
    let mut command = command("parent::parent_to_be_killed");
    command.stdout(Stdio::piped()).process_group(0);
    set_up(&mut command);
    let mut parent = command.spawn().unwrap();
    let lines = BufReader::new(parent.stdout.take().unwrap()).lines();
    // "running 1 test", followed by the parent's output.
    let pids: Vec<u32> = lines
        .map(Result::unwrap)
        .find_map(|line| Some(line.split_once("pids: ")?.1.to_owned()))
        .unwrap()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 4);
    assert!(pids.iter().all(|&pid| is_alive(pid)));
    (parent, pids)
}

/// Not a test of its own: the parent of the tests below. One worker computes, one sleeps, one is
/// idle.
#[test]
fn parent_to_be_killed() {
    if !is_alone("parent::parent_to_be_killed") {
        return;
    }
    let leaves = std::env::var_os(LEAVES).is_some();
    let builder = builder().workers(3).ends_descendants(!leaves);
    let pool = builder.build().unwrap();
    pool.warm_up().unwrap();
    let daemon = pool
        .submit(Do::Leak(Way::Daemon))
        .unwrap()
        .result()
        .unwrap();
    let _busy = [
        pool.submit(Act::Loop).unwrap(),
        pool.submit(Act::Sleep).unwrap(),
    ];
    let pids: Vec<_> = pool.pids().iter().map(u32::to_string).collect();
    println!("\npids: {} {daemon}", pids.join(" "));
    loop {
        std::thread::park();
    }
}

fn all_are_gone(pids: &[u32]) {
    until("all are gone", || !pids.iter().any(|&pid| is_alive(pid)));
}

#[test]
fn no_worker_outlives_a_parent_that_is_killed() {
    let (mut parent, pids) = start_parent(|_| ());
    parent.kill().unwrap();
    parent.wait().unwrap();
    all_are_gone(&pids);
}

#[test]
fn no_worker_outlives_its_parent_where_what_it_leaves_behind_does() {
    let (mut parent, pids) = start_parent(|command| {
        command.env(LEAVES, "1");
    });
    parent.kill().unwrap();
    parent.wait().unwrap();
    all_are_gone(&pids[..3]);
    assert!(is_alive(pids[3]));
    signal(pids[3], libc::SIGKILL);
}

#[test]
fn no_stopped_worker_outlives_its_parent() {
    if !alone("parent::no_stopped_worker_outlives_its_parent") {
        return;
    }
    // Where workers come to a parent outside their session, the system itself continues those that are stopped
    // (POSIX: `_Exit`, orphaned process groups). Here they come to this process.
    rustix::process::set_child_subreaper(Some(rustix::process::getpid())).unwrap();
    let (mut parent, pids) = start_parent(|_| ());
    for &worker in &pids[..3] {
        signal(worker, libc::SIGSTOP);
        until("it is stopped", || is_stopped(worker));
    }
    parent.kill().unwrap();
    parent.wait().unwrap();
    all_are_gone(&pids);
}

#[test]
fn no_worker_outlives_an_interrupted_parent() {
    let (mut parent, pids) = start_parent(|command| {
        with_usual_signals(command);
    });
    // Like Ctrl-C in a terminal: to the whole group. The parent has no handler, so it ends.
    signal_group(&parent, libc::SIGINT);
    assert_eq!(parent.wait().unwrap().signal(), Some(libc::SIGINT));
    all_are_gone(&pids);
}

#[test]
fn a_parent_started_with_the_interrupt_ignored_goes_on_ignoring_it() {
    // In POSIX an ignored signal stays ignored in a started program, and so in its workers.
    let (mut parent, pids) = start_parent(|command| ignore(command, libc::SIGINT));
    signal_group(&parent, libc::SIGINT);
    for &pid in &pids[..3] {
        signal(pid, libc::SIGINT);
    }
    // If that had ended the parent, its exit status would show it.
    signal_group(&parent, libc::SIGTERM);
    assert_eq!(parent.wait().unwrap().signal(), Some(libc::SIGTERM));
    all_are_gone(&pids);
}

fn signal_group(parent: &Child, number: i32) {
    let group = rustix::process::Pid::from_child(parent);
    let signal = rustix::process::Signal::from_named_raw(number).unwrap();
    rustix::process::kill_process_group(group, signal).unwrap();
}

#[allow(
    unsafe_code,
    reason = "a child's dispositions are set between fork and exec"
)]
pub fn ignore(command: &mut Command, signal: i32) {
    let ignore = move || {
        // SAFETY: `signal` may be called between fork and exec.
        unsafe { libc::signal(signal, libc::SIG_IGN) };
        Ok(())
    };
    // SAFETY: the closure only calls `signal`.
    unsafe { command.pre_exec(ignore) };
}
