//! Jobs that fork, and processes that jobs start. A forked process keeps the worker's pipes open;
//! in POSIX a pipe ends only when all its holders have closed it.

use std::time::Duration;

use executors::{Error, Executor, Future, ProcessPool};

use crate::support::system::{Do, Then, Way, child_of, signal};
use crate::support::{builder, goes_on, is_alive, kill, path, until};

/// Far more than any machine needs. Without it a failure would hang.
const LONG: Duration = Duration::from_secs(60);

/// A worker whose forked process does not end with it, and runs until the end of the test.
fn forked(then: Then, limit: Option<Duration>) -> (ProcessPool, Future<String>, u32) {
    let mut pool = builder().workers(1).ends_descendants(false);
    if let Some(limit) = limit {
        pool = pool.job_timeout(limit);
    }
    let pool = pool.build().unwrap();
    let path = path(&format!("fork-{then:?}-{limit:?}"));
    let future = pool.submit(Do::Fork(path.clone(), then)).unwrap();
    let child = child_of(&path);
    (pool, future, child)
}

/// The forked process still runs, so the pool did not wait for it.
fn end_fork(child: u32) {
    assert!(is_alive(child));
    kill(child);
}

#[test]
fn a_death_is_reported_while_a_fork_holds_the_pipe() {
    let (pool, mut future, child) = forked(Then::Exit, None);
    let error = future.result_timeout(LONG).unwrap_err();
    let Error::WorkerDied { exit, .. } = &error else {
        panic!("{error:?}");
    };
    assert_eq!(exit.code(), Some(0));
    goes_on(&pool);
    end_fork(child);
}

#[test]
fn a_time_limit_holds_while_a_fork_holds_the_pipe() {
    let (pool, mut future, child) = forked(Then::Sleep, Some(Duration::from_millis(300)));
    let error = future.result_timeout(LONG).unwrap_err();
    assert!(matches!(error, Error::Overran { .. }), "{error}");
    goes_on(&pool);
    end_fork(child);
}

#[test]
fn kill_does_not_wait_for_a_fork() {
    let (pool, future, child) = forked(Then::Sleep, None);
    pool.kill().unwrap();
    assert!(matches!(future.result(), Err(Error::Killed { .. })));
    end_fork(child);
}

#[test]
fn drop_does_not_wait_for_a_fork() {
    let (pool, future, child) = forked(Then::Return, None);
    assert_eq!(future.result(), Ok(String::new()));
    goes_on(&pool);
    drop(pool);
    end_fork(child);
}

const WAYS: [Way; 5] = [
    Way::Child,
    Way::NoEnvironment,
    Way::OwnGroup,
    Way::OwnSession,
    Way::Daemon,
];

fn leak(pool: &ProcessPool) -> Vec<u32> {
    WAYS.map(|way| {
        let pid = pool.submit(Do::Leak(way)).unwrap().result().unwrap();
        pid.parse().unwrap()
    })
    .to_vec()
}

fn all_are_gone(pids: &[u32]) {
    until("all are gone", || !pids.iter().any(|&pid| is_alive(pid)));
}

#[test]
fn what_jobs_leave_behind_ends_with_their_worker() {
    let pool = builder().workers(1).build().unwrap();
    // The worker ends by `kill`, by itself, by a signal from outside, and with its pool.
    let left = leak(&pool);
    assert!(left.iter().all(|&pid| is_alive(pid)));
    pool.kill().unwrap();
    all_are_gone(&left);

    pool.reopen().unwrap();
    let left = leak(&pool);
    let died = pool.submit(Do::Raise(9)).unwrap().result();
    assert!(matches!(died, Err(Error::WorkerDied { .. })));
    all_are_gone(&left);

    let left = leak(&pool);
    kill(pool.pids()[0]);
    all_are_gone(&left);

    let left = leak(&pool);
    drop(pool);
    all_are_gone(&left);
}

#[test]
fn a_fork_ends_with_its_worker() {
    let pool = builder().workers(1).build().unwrap();
    let path = path("fork-ends");
    let future = pool.submit(Do::Fork(path.clone(), Then::Exit)).unwrap();
    let child = child_of(&path);
    assert!(matches!(future.result(), Err(Error::WorkerDied { .. })));
    all_are_gone(&[child]);
}

#[test]
fn a_worker_s_end_leaves_the_processes_of_other_workers_alone() {
    let pool = builder().workers(2).build().unwrap();
    pool.warm_up().unwrap();
    let gate = path("others-gate");
    let note = path("others-note");
    // One worker is busy, so the other gets the next job.
    let busy = pool.submit(Do::Note(note.clone(), gate.clone())).unwrap();
    let ours: u32 = pool
        .submit(Do::Leak(Way::Daemon))
        .unwrap()
        .result()
        .unwrap()
        .parse()
        .unwrap();
    std::fs::write(&gate, "").unwrap();
    busy.result().unwrap();
    let mut mine = std::process::Command::new("sleep")
        .arg("1000")
        .spawn()
        .unwrap();
    let before = pool.pids();
    let group = |pid: &u32| {
        let environment = std::fs::read(format!("/proc/{pid}/environ")).unwrap();
        let leaked = std::fs::read(format!("/proc/{ours}/environ")).unwrap();
        let token = |bytes: &[u8]| {
            let text = String::from_utf8_lossy(bytes).into_owned();
            let mut variables = text.split('\0').map(str::to_owned);
            variables.find(|it| it.starts_with("EXECUTORS_ANCESTRY="))
        };
        token(&environment) == token(&leaked)
    };
    let other = *before.iter().find(|&pid| !group(pid)).unwrap();
    kill(other);
    until("another has its place", || !pool.pids().contains(&other));
    assert!(is_alive(ours), "it belongs to the worker that lives");
    assert!(is_alive(mine.id()), "it belongs to this program");
    mine.kill().unwrap();
    mine.wait().unwrap();
    drop(pool);
    all_are_gone(&[ours]);
    for file in [gate, note] {
        std::fs::remove_file(file).unwrap();
    }
}

#[test]
fn descendants_may_be_left_alone() {
    let pool = builder()
        .workers(1)
        .ends_descendants(false)
        .build()
        .unwrap();
    let left = leak(&pool);
    pool.kill().unwrap();
    for pid in left {
        assert!(is_alive(pid));
        signal(pid, 9);
    }
}
