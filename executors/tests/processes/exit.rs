//! The end of a program with a pool in a `static`, or by `exit`. CPython waits for pending jobs at
//! the end of the interpreter; here `at_exit` does.

use std::fs;
use std::sync::OnceLock;

use executors::{AtExit, Executor, ProcessPool, ThreadPool};

use crate::support::alone::{command, is_alone, run_alone, text};
use crate::support::builder;
use crate::support::system::{Do, append, lines};

static PROCESSES: OnceLock<ProcessPool> = OnceLock::new();
static THREADS: OnceLock<ThreadPool> = OnceLock::new();

const VARIABLE: &str = "EXECUTORS_TEST_EXIT";
const NAME: &str = "exit::a_program_with_pending_jobs";

fn what() -> Option<AtExit> {
    match std::env::var(VARIABLE).unwrap().split_once(' ').unwrap().0 {
        "run" => Some(AtExit::RunPending),
        "cancel" => Some(AtExit::CancelPending),
        _ => None,
    }
}

/// Not a test of its own: it exits with pending jobs.
#[test]
fn a_program_with_pending_jobs() {
    if !is_alone(NAME) {
        return;
    }
    let variable = std::env::var(VARIABLE).unwrap();
    let file = variable.split_once(' ').unwrap().1.to_owned();
    let (mut threads, mut processes) = (ThreadPool::builder(), builder().workers(1));
    threads = threads.workers(1);
    if let Some(what) = what() {
        (threads, processes) = (threads.at_exit(what), processes.at_exit(what));
    }
    let threads = THREADS.get_or_init(|| threads.build().unwrap());
    let processes = PROCESSES.get_or_init(|| processes.build().unwrap());
    processes.warm_up().unwrap();
    // The gate is open: each job records that it ran.
    for n in 0..20 {
        let job = Do::Note(format!("{file}.processes"), file.clone());
        drop(processes.submit(job).unwrap());
        let file = format!("{file}.threads");
        drop(
            threads
                .spawn(move || append(&file, &n.to_string()))
                .unwrap(),
        );
    }
    std::process::exit(5)
}

/// How many jobs ran, in processes and on threads.
fn jobs_run(what: &str) -> (usize, usize) {
    let file = crate::support::path(&format!("exit-{what}"));
    fs::write(&file, "").unwrap();
    let output = run_alone(command(NAME).env(VARIABLE, format!("{what} {file}")));
    assert_eq!(output.status.code(), Some(5), "{}", text(&output));
    let files = ["processes", "threads"].map(|pool| format!("{file}.{pool}"));
    let ran = (lines(&files[0]), lines(&files[1]));
    for file in files.iter().chain([&file]) {
        let _ = fs::remove_file(file);
    }
    ran
}

#[test]
fn pending_jobs_run_at_the_end_if_they_are_to() {
    assert_eq!(jobs_run("run"), (20, 20));
}

#[test]
fn pending_jobs_are_cancelled_at_the_end_if_they_are_to_be() {
    let (processes, threads) = jobs_run("cancel");
    assert!(processes <= 20 && threads <= 20);
}

#[test]
fn a_program_ends_with_jobs_pending_if_nothing_is_said() {
    let (processes, threads) = jobs_run("nothing");
    assert!(processes <= 20 && threads <= 20);
}
