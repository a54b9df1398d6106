//! The requirements of CPython's `test_concurrent_futures` and of loky's tests on a process pool,
//! except those in other tests: `tests/world/README.md` has the list.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;

use executors::{Error, Executor, Future, Part, ProcessPool};

use crate::support::system::Do;
use crate::support::trouble::{At, Trouble, WORDS, What};
use crate::support::{Act, Done, builder, goes_on, number, path, pool, until};

fn trouble(at: At, what: What) -> Trouble {
    let load = vec![1, 2, 3];
    Trouble { at, what, load }
}

/// The cases of `crash_cases` in loky's `TestExecutorDeadLock`.
const CASES: [(At, What); 13] = [
    (At::WriteJob, What::Error),
    (At::ReadJob, What::Error),
    (At::ReadJob, What::Panic),
    (At::ReadJob, What::Exit),
    (At::ReadJob, What::Abort),
    (At::Run, What::Panic),
    (At::Run, What::Exit),
    (At::Run, What::Abort),
    (At::WriteOutput, What::Error),
    (At::WriteOutput, What::Panic),
    (At::WriteOutput, What::Abort),
    (At::ReadOutput, What::Error),
    (At::ReadOutput, What::Panic),
];

/// Checks the result of such a job.
fn check(at: At, what: What, result: Result<(), Error>) {
    let fits = match (&result, what) {
        (Err(Error::WorkerDied { exit, .. }), What::Exit) => exit.code() == Some(0),
        (Err(Error::WorkerDied { exit, .. }), What::Abort) => exit.signal() == Some(6),
        (Err(Error::Codec { part, message, .. }), What::Error | What::Panic) => {
            let of_job = matches!(at, At::WriteJob | At::ReadJob);
            let part_fits = *part == if of_job { Part::Input } else { Part::Result };
            part_fits && message.contains(WORDS) && (what == What::Error || at == At::ReadOutput)
        }
        (Err(Error::Panicked { message, .. }), What::Panic) => {
            at != At::ReadOutput && message.contains(WORDS)
        }
        _ => false,
    };
    assert!(fits, "{at:?} {what:?}: {result:?}");
}

#[test]
fn every_crash_at_every_moment_is_one_error_and_the_pool_goes_on() {
    let pool = builder().workers(2).restart_limit(1).build().unwrap();
    for (at, what) in CASES {
        let result = pool.submit(trouble(at, what)).and_then(Future::result);
        check(at, what, result.map(drop));
        goes_on(&pool);
    }
    let fine = trouble(At::Never, What::Abort);
    assert_eq!(pool.submit(fine.clone()).unwrap().result().unwrap().0, fine);
}

#[test]
fn a_callback_may_submit_a_job_that_crashes() {
    let pool = Arc::new(pool(2));
    for (at, what) in CASES {
        let (send, receive) = mpsc::channel();
        let again = Arc::clone(&pool);
        let mut first = pool.submit(Act::Spin(1)).unwrap();
        first.on_done(move |_| send.send(again.submit(trouble(at, what))).unwrap());
        assert_eq!(number(first.result()), 1);
        let second = receive.recv().unwrap();
        check(at, what, second.and_then(Future::result).map(drop));
    }
    goes_on(&pool);
}

#[test]
fn a_crash_after_shutdown_or_drop_is_an_error_and_no_deadlock() {
    for drops in [false, true] {
        let pool = pool(2);
        let fine: Vec<_> = (0..5).map(|n| pool.submit(Act::Spin(n)).unwrap()).collect();
        let crash = pool.submit(trouble(At::Run, What::Abort)).unwrap();
        if drops {
            drop(pool);
        } else {
            pool.shutdown(false, false).unwrap();
            pool.shutdown(true, false).unwrap();
        }
        assert!(matches!(crash.result(), Err(Error::WorkerDied { .. })));
        for (n, future) in fine.into_iter().enumerate() {
            assert_eq!(number(future.result()), n as u64);
        }
    }
}

#[test]
fn errors_in_writing_do_not_fill_the_queue() {
    for _ in 0..5 {
        let pool = builder().workers(4).queue_limit(2).build().unwrap();
        let bad = || pool.submit(trouble(At::WriteJob, What::Error));
        assert!((0..100).all(|_| matches!(bad(), Err(Error::Codec { .. }))));
        let good = pool.map((0..20).map(|_| trouble(At::Never, What::Exit)));
        assert!(good.map(Result::unwrap).count() == 20);
    }
}

#[test]
fn a_worker_that_crashes_over_much_data_is_no_deadlock() {
    let pool = builder().workers(2).restart_limit(100).build().unwrap();
    // More than a pipe holds, so the pool is still writing when the worker ends.
    let job = || Trouble {
        load: vec![b'a'; 4 << 20],
        ..trouble(At::Run, What::Abort)
    };
    for result in pool.map((0..10).map(|_| job())) {
        assert!(matches!(result, Err(Error::WorkerDied { .. })));
    }
    goes_on(&pool);
}

#[test]
fn fifteen_jobs_for_each_worker_start_no_more_workers() {
    let pool = pool(3);
    let gate = path("saturation-gate");
    let job = || Act::Await(gate.clone());
    let futures: Vec<_> = (0..45).map(|_| pool.submit(job()).unwrap()).collect();
    until("three run", || {
        futures.iter().filter(|it| it.is_running()).count() == 3
    });
    assert_eq!(pool.pids().len(), 3);
    std::fs::write(&gate, "").unwrap();
    for future in futures {
        assert_eq!(number(future.result()), 0);
    }
    std::fs::remove_file(gate).unwrap();
}

#[test]
fn an_idle_worker_is_used_again_before_another_is_started() {
    let pool = pool(4);
    for (a, b) in [(21, 2), (6, 7), (3, 14)] {
        assert_eq!(number(pool.submit(Act::Echo(a * b)).unwrap().result()), 42);
    }
    assert_eq!(pool.pids().len(), 1);
}

#[test]
fn a_shutdown_without_waiting_lets_workers_of_one_job_each_do_all_jobs() {
    let pool = builder().workers(3).max_jobs_per_worker(1).build().unwrap();
    let futures: Vec<_> = (0..6)
        .map(|n| pool.submit(Act::Echo(n * n)).unwrap())
        .collect();
    pool.shutdown(false, false).unwrap();
    for (n, future) in futures.into_iter().enumerate() {
        assert_eq!(number(future.result()), (n * n) as u64);
    }
}

#[test]
fn a_cancel_right_before_the_shutdown_does_not_hang_it() {
    for _ in 0..20 {
        let pool = pool(1);
        goes_on(&pool);
        pool.submit(Act::Echo(1)).unwrap().cancel();
        pool.shutdown(true, false).unwrap();
    }
}

#[test]
fn chains_of_jobs_may_be_submitted_by_callbacks() {
    type Collected = Arc<Mutex<HashMap<&'static str, Vec<u64>>>>;
    struct Chain(&'static str, Arc<ProcessPool>, Collected, mpsc::Sender<()>);

    fn go_on(chain: Chain, count: u64) {
        let mut future = chain.1.submit(Act::Echo(count)).unwrap();
        future.on_done(move |result| {
            let count = number(result.clone());
            chain
                .2
                .lock()
                .unwrap()
                .entry(chain.0)
                .or_default()
                .push(count);
            match count {
                0 => chain.3.send(()).unwrap(),
                _ => go_on(chain, count - 1),
            }
        });
    }
    let pool = Arc::new(pool(2));
    let collected = Collected::default();
    let (ended, ends) = mpsc::channel();
    let lengths = [("a", 100), ("b", 50), ("c", 60)];
    for (name, length) in lengths {
        let (pool, collected) = (Arc::clone(&pool), Arc::clone(&collected));
        go_on(Chain(name, pool, collected, ended.clone()), length);
    }
    lengths.iter().for_each(|_| ends.recv().unwrap());
    for (name, length) in lengths {
        assert!(
            collected.lock().unwrap()[name]
                .iter()
                .copied()
                .eq((0..=length).rev())
        );
    }
}

#[test]
fn ten_threads_may_share_a_pool() {
    let pool = pool(2);
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                let mut first = pool.map((0..40).map(Act::Echo));
                assert_eq!(number(first.next().unwrap()), 0);
                let futures: Vec<_> = (0..20)
                    .map(|n| pool.submit(Act::Echo(n)).unwrap())
                    .collect();
                let cancelled: Vec<_> = futures.iter().step_by(2).map(Future::cancel).collect();
                assert!(first.map(number).eq(1..40));
                assert!(pool.map((0..40).map(Act::Echo)).map(number).eq(0..40));
                for (n, future) in futures.into_iter().enumerate() {
                    match future.result() {
                        Err(Error::Cancelled) => assert!(n % 2 == 0 && cancelled[n / 2]),
                        result => assert_eq!(number(result), n as u64),
                    }
                }
            });
        }
    });
}

#[test]
fn workers_that_kill_each_other_cost_the_jobs_they_run() {
    for workers in [1, 2, 5] {
        let pool = builder()
            .workers(workers)
            .restart_limit(100)
            .build()
            .unwrap();
        pool.warm_up().unwrap();
        let pids = pool.pids();
        let kills = pids.iter().rev().map(|&pid| Do::Signal(pid, 9));
        for result in pool.map(kills) {
            assert!(
                matches!(result, Ok(_) | Err(Error::WorkerDied { .. })),
                "{result:?}"
            );
        }
        goes_on(&pool);
    }
}

#[test]
fn submitting_while_another_thread_shuts_down_is_refused_or_done() {
    for _ in 0..20 {
        let pool = pool(2);
        goes_on(&pool);
        thread::scope(|scope| {
            let submits = scope.spawn(|| {
                let mut done = 0;
                for n in 0.. {
                    match pool.submit(Act::Echo(n)).map(Future::result) {
                        Ok(result) => done += u64::from(result == Ok(Done::Number(n))),
                        Err(Error::ShutDown) => return n == done,
                        Err(error) => panic!("{error}"),
                    }
                }
                false
            });
            pool.shutdown(true, false).unwrap();
            assert!(submits.join().unwrap(), "what was accepted was done");
        });
    }
}

#[test]
fn a_program_that_a_job_starts_has_an_empty_standard_input() {
    let read = pool(1).submit(Do::ReadInput).unwrap().result();
    assert_eq!(read, Ok(String::new()));
}

#[test]
fn an_iterator_that_panics_leaves_the_pool_alone() {
    let pool = pool(2);
    for chunk in [1, 2, 4] {
        let say_when = (0..20).map(|n| {
            assert!(n != 7, "say when");
            Act::Echo(n)
        });
        let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            pool.map(say_when).chunk(chunk).for_each(drop);
        }));
        assert!(taken.is_err());
        goes_on(&pool);
    }
}
