//! Signals that reach the workers: the parent decides what happens to the jobs.
#![allow(unsafe_code, reason = "dispositions of signals have no safe form")]

use executors::{Error, Executor, Exit};

use crate::parent::ignore;
use crate::support::alone::{alone, command, is_alone, run_alone, text};
use crate::support::system::{Do, lines, signal};
use crate::support::{Act, Done, builder, goes_on, path, pool, until};

extern "C" fn nothing(_signal: i32) {}

#[test]
fn what_is_sent_to_the_whole_group_ends_no_job() {
    if !alone("signals::what_is_sent_to_the_whole_group_ends_no_job") {
        return;
    }
    // systemd and `timeout` send SIGTERM, and a terminal SIGINT, to all processes of the program.
    // This one finishes its work first.
    for number in [libc::SIGTERM, libc::SIGINT] {
        // SAFETY: the handler does nothing.
        unsafe { libc::signal(number, nothing as *const () as libc::sighandler_t) };
    }
    // SAFETY: `setpgid` may be called at any time.
    unsafe { libc::setpgid(0, 0) };
    for ends_descendants in [true, false] {
        let builder = builder().workers(2).ends_descendants(ends_descendants);
        let pool = builder.restart_limit(0).build().unwrap();
        pool.warm_up().unwrap();
        let pids = pool.pids();
        let gate = path(&format!("group-gate-{ends_descendants}"));
        let note = path(&format!("group-note-{ends_descendants}"));
        let note_of = || Do::Note(note.clone(), gate.clone());
        let futures: Vec<_> = (0..4).map(|_| pool.submit(note_of()).unwrap()).collect();
        until("two run", || lines(&note) == 2);
        for number in [libc::SIGTERM, libc::SIGINT] {
            // SAFETY: `kill` may be called at any time.
            unsafe { libc::kill(0, number) };
            // Whether the workers are in this group or not.
            pids.iter().for_each(|&pid| signal(pid, number));
        }
        std::fs::write(&gate, "").unwrap();
        for future in futures {
            assert_eq!(future.result(), Ok(String::new()));
        }
        assert_eq!(pool.pids(), pids);
        for file in [gate, note] {
            std::fs::remove_file(file).unwrap();
        }
    }
}

/// The mask of ignored signals of a program that a job starts.
fn ignored_by_a_job_s_child() -> u64 {
    let mask = pool(1).submit(Do::IgnoredByChild).unwrap().result();
    u64::from_str_radix(&mask.unwrap(), 16).unwrap()
}

fn has(mask: u64, signal: i32) -> bool {
    mask >> (signal - 1) & 1 == 1
}

#[test]
fn programs_that_a_job_starts_have_the_usual_signals() {
    if !alone("signals::programs_that_a_job_starts_have_the_usual_signals") {
        return;
    }
    let mask = ignored_by_a_job_s_child();
    assert!(
        !has(mask, libc::SIGINT) && !has(mask, libc::SIGTERM),
        "{mask:x}"
    );
}

#[test]
fn programs_that_a_job_starts_ignore_what_this_one_was_started_to_ignore() {
    const NAME: &str =
        "signals::programs_that_a_job_starts_ignore_what_this_one_was_started_to_ignore";
    if !is_alone(NAME) {
        // As with `nohup`, and for shells' background jobs.
        let mut command = command(NAME);
        ignore(&mut command, libc::SIGINT);
        ignore(&mut command, libc::SIGHUP);
        let output = run_alone(&mut command);
        assert!(output.status.success(), "{}", text(&output));
        return;
    }
    let mask = ignored_by_a_job_s_child();
    assert!(
        has(mask, libc::SIGINT) && has(mask, libc::SIGHUP),
        "{mask:x}"
    );
    assert!(!has(mask, libc::SIGTERM), "{mask:x}");
}

#[test]
fn a_death_is_no_success_where_sigchld_is_ignored() {
    if !alone("signals::a_death_is_no_success_where_sigchld_is_ignored") {
        return;
    }
    // In POSIX, children leave no exit status if SIGCHLD is ignored.
    // SAFETY: SIG_IGN is not a handler that could run.
    unsafe { libc::signal(libc::SIGCHLD, libc::SIG_IGN) };
    let pool = pool(1);
    for act in [Act::Exit(7), Act::Abort, Act::Exit(0)] {
        let error = pool.submit(act).unwrap().result().unwrap_err();
        let Error::WorkerDied { exit, .. } = &error else {
            panic!("{error:?}");
        };
        assert_eq!(*exit, Exit::Unknown);
        assert!(!error.to_string().contains("status: 0"), "{error}");
    }
    goes_on(&pool);
    pool.kill().unwrap();
    assert!(pool.pids().is_empty());
}

#[test]
fn a_job_may_change_what_signals_do_and_raise_them() {
    let pool = pool(1);
    // As in `concurrent.futures`, a signal that ends the worker ends one job.
    for number in [libc::SIGALRM, libc::SIGKILL] {
        let error = pool
            .submit(Do::Raise(number))
            .unwrap()
            .result()
            .unwrap_err();
        let Error::WorkerDied { exit, .. } = error else {
            panic!("{error:?}");
        };
        assert_eq!(exit.signal(), Some(number));
    }
    for number in [libc::SIGINT, libc::SIGTERM, libc::SIGCHLD] {
        let raised = pool.submit(Do::Raise(number)).unwrap().result();
        assert_eq!(raised, Ok(String::new()));
    }
    assert_eq!(
        pool.submit(Act::Echo(1)).unwrap().result(),
        Ok(Done::Number(1))
    );
}
