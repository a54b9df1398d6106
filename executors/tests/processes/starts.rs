//! Workers that do not reach their first job, or that fail soon after it.

use std::time::Duration;

use executors::{Error, Executor, Future, ProcessPool};

use crate::support::{self, Act, Done, Mark, builder, goes_on, kill, pool, until};

#[test]
fn workers_that_never_reach_the_hook_break_the_pool_instead_of_hanging_it() {
    executors::hook(support::JOBS);
    let wrong = |args: &[&str]| {
        let pool = ProcessPool::builder()
            .workers(1)
            .restart_limit(1)
            .worker_args(args.iter().copied())
            .build()
            .unwrap();
        match pool.submit(Act::Pid).and_then(Future::result) {
            Err(Error::PoolBroken { reason }) => reason,
            other => panic!("{other:?}"),
        }
    };
    // This test does not exist: the program ends at once without a message.
    let reason = wrong(&["no_such_test", "--exact"]);
    assert!(
        reason.contains("before it was ready (exit status: 0)"),
        "{reason}"
    );
    assert!(reason.contains("first line of main"), "{reason}");
    // An unknown argument.
    let reason = wrong(&["--no-such-argument"]);
    assert!(reason.contains("exit status: 1"), "{reason}");
}

#[test]
fn a_worker_that_hangs_before_the_hook_is_given_up() {
    executors::hook(support::JOBS);
    let pool = ProcessPool::builder()
        .workers(1)
        .restart_limit(0)
        .start_timeout(Duration::from_millis(50))
        .worker_args(["starts::hangs", "--exact", "--nocapture"])
        .build()
        .unwrap();
    let error = pool.submit(Act::Pid).unwrap().result().unwrap_err();
    assert!(
        error.to_string().contains("was not ready within 50ms"),
        "{error}"
    );
}

/// Not a test of its own: the workers of the test above run it instead of the hook.
#[test]
fn hangs() {
    if std::env::var_os("EXECUTORS_WORKER").is_some() {
        std::thread::park();
    }
}

#[test]
fn a_worker_killed_while_it_starts_is_replaced() {
    for _ in 0..20 {
        let pool = pool(1);
        let future = pool.submit(Act::Echo(1)).unwrap();
        until("there is a process", || !pool.pids().is_empty());
        let pid = pool.pids()[0];
        kill(pid);
        // Before the worker was ready, the job was pending and goes to the next one. After that, it
        // may have been the job that ran.
        match future.result() {
            Ok(Done::Number(1)) | Err(Error::WorkerDied { .. }) => {}
            other => panic!("{other:?}"),
        }
        until("another has its place", || !pool.pids().contains(&pid));
        goes_on(&pool);
    }
}

#[test]
fn an_initializer_runs_first_and_breaks_the_pool_if_it_fails() {
    let pool = builder()
        .workers(2)
        .initializer(Mark(true))
        .build()
        .unwrap();
    assert_eq!(
        pool.submit(Act::Marked).unwrap().result(),
        Ok(Done::Number(1))
    );

    let pool = builder()
        .workers(2)
        .initializer(Mark(false))
        .build()
        .unwrap();
    let error = pool.submit(Act::Marked).unwrap().result().unwrap_err();
    assert!(matches!(error, Error::PoolBroken { .. }));
    assert!(error.to_string().contains("told to fail"), "{error}");
}

#[test]
fn a_pool_whose_workers_keep_dying_says_so() {
    let pool = builder().workers(2).restart_limit(3).build().unwrap();
    let futures: Vec<_> = (0..20).map(|_| pool.submit(Act::Exit(7))).collect();
    let mut broken = 0;
    let mut died = 0;
    for future in futures {
        match future.and_then(Future::result) {
            Err(Error::WorkerDied { .. }) => died += 1,
            Err(Error::PoolBroken { reason }) => {
                // The fourth loss breaks the pool, unless the other worker is busy at that time.
                let lost = ["4 workers", "5 workers"].map(|n| format!("{n} in a row were lost"));
                assert!(lost.iter().any(|it| reason.starts_with(it)), "{reason}");
                assert!(reason.contains("exit status: 7"), "{reason}");
                broken += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // The fourth death breaks the pool. The other worker may be running a fifth job then.
    assert!((4..=5).contains(&died), "{died}");
    assert_eq!(broken, 20 - died);
    assert!(matches!(
        pool.submit(Act::Pid),
        Err(Error::PoolBroken { .. })
    ));
    pool.shutdown(true, false).unwrap();
    assert!(pool.pids().is_empty());
}
