//! Workers that die and jobs that never end: one clear error each, and the pool continues.

use std::time::Duration;

use executors::{Error, Executor, WorkerId};

use crate::support::system::{Do, lines};
use crate::support::{Act, Done, builder, fails, goes_on, is_alive, kill, path, pool, until};

#[test]
fn a_worker_that_is_killed_takes_only_its_own_job_with_it() {
    let pool = pool(1);
    // "Running" means sent. A job is lost only if the worker has read it, so the job reports its
    // start.
    let note = path("doomed");
    let never = path("never");
    let mut doomed = pool.submit(Do::Note(note.clone(), never)).unwrap();
    let queued: Vec<_> = (0..50)
        .map(|n| pool.submit(Act::Echo(n)).unwrap())
        .collect();
    until("the job runs", || lines(&note) == 1);
    std::fs::remove_file(note).unwrap();
    let pid = pool.pids()[0];
    assert!(doomed.is_running() && doomed.try_result().is_none());
    kill(pid);
    let error = doomed.result().unwrap_err();
    let Error::WorkerDied { worker, exit, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!((worker, exit.signal()), (&WorkerId::local(pid), Some(9)));
    assert_eq!(
        error.to_string(),
        format!("worker {pid} died while it ran the job (signal: 9 (SIGKILL))")
    );
    for (n, future) in queued.into_iter().enumerate() {
        assert_eq!(future.result(), Ok(Done::Number(n as u64)));
    }
    assert_ne!(pool.pids(), [pid]);
}

#[test]
fn an_idle_worker_that_is_killed_is_replaced() {
    let pool = pool(1);
    for _ in 0..20 {
        pool.warm_up().unwrap();
        let pids = pool.pids();
        pids.iter().for_each(|&pid| kill(pid));
        until("another has its place", || pool.pids() != pids);
        goes_on(&pool);
    }
}

#[test]
fn exit_and_abort_are_told_by_their_status() {
    let pool = pool(1);
    let Error::WorkerDied { exit, .. } = fails(&pool, Act::Exit(3)) else {
        panic!()
    };
    assert_eq!(exit.code(), Some(3));
    goes_on(&pool);
    let Error::WorkerDied { exit, .. } = fails(&pool, Act::Abort) else {
        panic!()
    };
    assert_eq!(exit.signal(), Some(6));
    goes_on(&pool);
}

#[test]
fn a_panic_comes_back_with_its_message_and_place_and_costs_no_worker() {
    let pool = pool(1);
    pool.warm_up().unwrap();
    let pids = pool.pids();
    let Error::Panicked { message, location } = fails(&pool, Act::Panic) else {
        panic!()
    };
    assert_eq!(message, "told to");
    assert!(location.contains("support/mod.rs:"), "{location}");
    goes_on(&pool);
    assert_eq!(pool.pids(), pids);
}

#[test]
fn a_job_that_never_ends_is_ended_by_its_time_limit() {
    for act in [Act::Sleep, Act::Loop] {
        let limit = Duration::from_millis(50);
        let pool = builder()
            .workers(1)
            .job_timeout(limit)
            .restart_limit(0)
            .build()
            .unwrap();
        pool.warm_up().unwrap();
        let pid = pool.pids()[0];
        assert_eq!(
            fails(&pool, act),
            Error::Overran {
                limit,
                worker: WorkerId::local(pid),
                place: None,
            }
        );
        assert!(!is_alive(pid));
        // Also without any allowed restart: the pool itself ended that worker.
        pool.warm_up().unwrap();
    }
}

#[test]
fn a_job_that_allocates_without_end_dies_of_its_limit() {
    let pool = builder()
        .workers(1)
        .memory_limit(512 << 20)
        .build()
        .unwrap();
    let Error::WorkerDied { exit, .. } = fails(&pool, Act::Allocate) else {
        panic!()
    };
    assert_eq!(exit.signal(), Some(6), "an allocation error aborts");
    goes_on(&pool);
}

#[test]
fn killing_the_pool_ends_everything_at_once() {
    let pool = pool(2);
    pool.warm_up().unwrap();
    let pids = pool.pids();
    let running = [
        pool.submit(Act::Loop).unwrap(),
        pool.submit(Act::Sleep).unwrap(),
    ];
    let pending = [
        pool.submit(Act::Pid).unwrap(),
        pool.submit(Act::Pid).unwrap(),
    ];
    pool.kill().unwrap();
    for future in running {
        assert!(matches!(future.result(), Err(Error::Killed { .. })));
    }
    for future in pending {
        assert_eq!(future.result(), Err(Error::Cancelled));
    }
    assert!(!pids.into_iter().any(is_alive));
    assert!(matches!(pool.submit(Act::Pid), Err(Error::ShutDown)));
}
