//! Bug reports of users of other pools, each as a test. The expected behaviour is that of the
//! report.

use std::fs;
use std::thread;
use std::time::Duration;

use executors::{Error, Executor, Future, Until, wait};

use crate::support::alone::alone;
use crate::support::system::{Do, Then, child_of};
use crate::support::{Act, Done, builder, goes_on, is_alive, kill, number, path, pool, until};

/// github.com/python/cpython/issues/105829: many jobs at once cause a deadlock.
#[test]
fn twenty_thousand_jobs_may_be_submitted_before_the_first_result_is_taken() {
    let pool = builder().workers(2).queue_limit(20_000).build().unwrap();
    let jobs = (0..20_000).map(|_| Act::Carry(vec![1; 100]));
    let futures: Vec<_> = jobs.map(|job| pool.submit(job).unwrap()).collect();
    assert!(futures.into_iter().all(|it| number(it.result()) == 100));
}

/// github.com/python/cpython/issues/152967: a pool is dropped while a worker reaches its limit of
/// jobs.
#[test]
fn the_futures_of_a_dropped_pool_end_though_its_workers_are_spent() {
    let futures: Vec<_> = {
        let pool = builder().workers(1).max_jobs_per_worker(1).build().unwrap();
        (0..4)
            .map(|n| pool.submit(Act::Echo(n * n)).unwrap())
            .collect()
    };
    let results: Vec<_> = futures.into_iter().map(|it| number(it.result())).collect();
    assert_eq!(results, [0, 1, 4, 9]);
}

/// github.com/noxdafox/pebble/issues/153: a job is cancelled just when it ends, and its worker is
/// ended with the next job.
#[test]
fn a_cancel_that_comes_late_hits_no_other_job() {
    let pool = builder().workers(2).restart_limit(0).build().unwrap();
    for round in 0..30 {
        let first = pool.submit(Act::Spin(1)).unwrap();
        let others: Vec<_> = (0..4).map(|n| pool.submit(Act::Spin(n)).unwrap()).collect();
        // At another moment in each round.
        for _ in 0..round * 20 {
            std::hint::spin_loop();
        }
        if round % 2 == 0 {
            until("it runs or is done", || {
                first.is_running() || first.is_done()
            });
        }
        first.cancel_running();
        match first.result() {
            Ok(Done::Number(1)) | Err(Error::Cancelled) => {}
            other => panic!("{other:?}"),
        }
        for (n, other) in others.into_iter().enumerate() {
            assert_eq!(number(other.result()), n as u64);
        }
    }
}

/// github.com/noxdafox/pebble/issues/33 and 144: a job that was cancelled before it started still
/// runs for a short time.
#[test]
fn what_is_cancelled_before_it_starts_does_not_start() {
    let pool = pool(1);
    let (gate, note) = (path("cancel-gate"), path("cancel-note"));
    let busy = pool.submit(Act::Await(gate.clone())).unwrap();
    until("it runs", || busy.is_running());
    let job = || Do::Note(note.clone(), gate.clone());
    let pending: Vec<_> = (0..4).map(|_| pool.submit(job()).unwrap()).collect();
    assert!(pending.iter().all(Future::cancel));
    fs::write(&gate, "").unwrap();
    busy.result().unwrap();
    pool.shutdown(true, false).unwrap();
    assert!(!fs::exists(&note).unwrap());
    fs::remove_file(gate).unwrap();
}

/// github.com/noxdafox/pebble/issues/62: a program started by a job continues after the time limit.
#[test]
fn what_a_job_has_started_ends_with_it_at_its_time_limit() {
    let limit = Duration::from_millis(500);
    let pool = builder().workers(1).job_timeout(limit).build().unwrap();
    let path = path("limit-child");
    let stuck = pool.submit(Do::Fork(path.clone(), Then::Sleep)).unwrap();
    let child = child_of(&path);
    assert!(matches!(stuck.result(), Err(Error::Overran { .. })));
    until("it is gone", || !is_alive(child));
}

/// github.com/noxdafox/pebble/issues/126: the second pool of a program hangs.
#[test]
fn ten_pools_in_turn_all_work() {
    for _ in 0..10 {
        let pool = builder().workers(2).max_jobs_per_worker(3).build().unwrap();
        assert!(pool.map((0..20).map(Act::Echo)).map(number).eq(0..20));
    }
}

/// github.com/noxdafox/pebble/issues/147: workers that still write large results delay the end.
#[test]
fn large_results_that_nobody_wants_do_not_hold_up_the_end() {
    for kill in [false, true] {
        let pool = pool(4);
        let produce = || pool.submit(Act::Produce(8 << 20)).unwrap();
        let futures: Vec<_> = (0..12).map(|_| produce()).collect();
        wait(&futures, Until::FirstCompleted, None).unwrap();
        for future in &futures {
            future.cancel();
        }
        if kill {
            pool.kill().unwrap();
        } else {
            pool.shutdown(true, true).unwrap();
        }
        assert!(futures.iter().all(Future::is_done));
    }
}

/// github.com/noxdafox/pebble/issues/163: a worker is killed while it takes a job, and no other
/// worker gets a job after that.
#[test]
fn workers_killed_while_they_read_cost_no_more_than_their_job() {
    let pool = builder().workers(2).restart_limit(1000).build().unwrap();
    let futures: Vec<_> = (0..20)
        .map(|_| pool.submit(Act::Carry(vec![1; 4 << 20])).unwrap())
        .collect();
    for _ in 0..10 {
        if let Some(&pid) = pool.pids().first() {
            kill(pid);
        }
        thread::sleep(Duration::from_millis(5));
    }
    for future in futures {
        match future.result() {
            Ok(done) => assert_eq!(done, Done::Number(4 << 20)),
            Err(Error::WorkerDied { .. }) => {}
            Err(error) => panic!("{error}"),
        }
    }
    goes_on(&pool);
}

/// github.com/agronholm/pythonfutures/issues/52: workers that have ended remain as zombies.
#[test]
fn no_worker_stays_a_zombie() {
    if !alone("reports::no_worker_stays_a_zombie") {
        return;
    }
    let pool = builder().workers(2).restart_limit(100).build().unwrap();
    for _ in 0..10 {
        assert!(pool.submit(Act::Abort).unwrap().result().is_err());
    }
    goes_on(&pool);
    pool.kill().unwrap();
    let this = format!(" {} ", std::process::id());
    let children = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        let stat = fs::read_to_string(entry.path().join("stat")).unwrap_or_default();
        // The fields: the state, then the parent.
        stat.rsplit_once(") ")
            .is_some_and(|(_, after)| after[1..].starts_with(&this))
    });
    assert_eq!(children.count(), 0);
}

/// On a full disk, a job that writes fails, and nothing else: the pool itself writes nothing to a
/// disk.
#[test]
fn a_full_disk_is_no_matter_of_the_pool() {
    let pool = builder()
        .workers(1)
        .env("TMPDIR", "/dev/full")
        .build()
        .unwrap();
    goes_on(&pool);
    let panic = pool
        .submit(Do::Note("/dev/full".to_owned(), "/".to_owned()))
        .unwrap();
    let error = panic.result().unwrap_err();
    assert!(error.to_string().contains("No space left"), "{error}");
    goes_on(&pool);
}
