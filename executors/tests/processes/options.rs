//! Features of pebble, loky, Java and Dask: limits and retries for one job, cancelling of running
//! jobs, changes of a pool, and the start settings of workers.

use std::fs;
use std::time::Duration;

use executors::{Error, Executor, Options, SharedBytes, ThreadPool};

use crate::support::system::{Do, lines};
use crate::support::{Act, Done, builder, goes_on, is_alive, number, path, pool, until};

#[test]
fn a_time_limit_may_be_one_job_s_own() {
    // pebble: `pool.schedule(function, timeout=1)`.
    let pool = pool(1);
    let limit = Duration::from_millis(200);
    let options = Options::new().time_limit(limit);
    let slow = pool.submit_with(Act::Loop, &options).unwrap();
    let next = pool.submit(Act::Echo(2)).unwrap();
    let error = slow.result().unwrap_err();
    assert!(
        matches!(error, Error::Overran { limit: it, .. } if it == limit),
        "{error}"
    );
    assert_eq!(number(next.result()), 2);
    // It replaces the pool's limit, also if it is longer.
    let pool = builder().workers(1).job_timeout(limit).build().unwrap();
    let gate = path("longer-gate");
    let long = Options::new().time_limit(Duration::from_secs(3600));
    let patient = pool.submit_with(Act::Await(gate.clone()), &long).unwrap();
    until("it runs", || patient.is_running());
    std::thread::sleep(2 * limit);
    assert!(patient.is_running());
    fs::write(&gate, "").unwrap();
    assert_eq!(number(patient.result()), 0);
    fs::remove_file(gate).unwrap();
}

#[test]
fn a_running_job_can_be_cancelled_and_its_worker_is_replaced() {
    // pebble: `future.cancel()` ends the worker.
    let pool = builder().workers(1).restart_limit(0).build().unwrap();
    for _ in 0..3 {
        let stuck = pool.submit(Act::Loop).unwrap();
        until("it runs", || stuck.is_running());
        let worker = pool.pids()[0];
        assert!(!stuck.cancel(), "as in Python: it runs");
        assert!(stuck.cancel_running());
        assert_eq!(stuck.result(), Err(Error::Cancelled));
        assert!(!is_alive(worker));
        goes_on(&pool);
    }
    let done = pool.submit(Act::Echo(1)).unwrap();
    until("it is done", || done.is_done());
    assert!(!done.cancel_running());
    assert_eq!(number(done.result()), 1);
}

#[test]
fn retries_are_as_many_as_allowed() {
    let pool = builder().workers(2).restart_limit(100).build().unwrap();
    for (deaths, retries) in [(0, 0), (1, 0), (1, 1), (2, 1), (2, 2), (3, 5)] {
        let path = path(&format!("retries-{deaths}-{retries}"));
        let job = Do::Survive(path.clone(), deaths);
        let options = Options::new().retries(retries);
        let before = pool.counters().retried;
        let result = pool.submit_with(job, &options).unwrap().result();
        if deaths <= retries as usize {
            assert_eq!(result, Ok("survived".to_owned()));
            assert_eq!(lines(&path), deaths + 1);
            assert_eq!(pool.counters().retried - before, deaths as u64);
        } else {
            assert!(matches!(result, Err(Error::WorkerDied { .. })));
            assert_eq!(lines(&path), retries as usize + 1);
        }
        fs::remove_file(path).unwrap();
    }
}

#[test]
fn a_panic_and_a_time_limit_are_not_tried_again() {
    let pool = pool(1);
    let options = Options::new().retries(5);
    let panic = pool.submit_with(Act::Panic, &options).unwrap().result();
    assert!(matches!(panic, Err(Error::Panicked { .. })));
    let options = options.time_limit(Duration::from_millis(200));
    let slow = pool.submit_with(Act::Loop, &options).unwrap().result();
    assert!(matches!(slow, Err(Error::Overran { .. })));
    assert_eq!(pool.counters().retried, 0);
}

#[test]
fn a_pool_can_be_resized_while_it_works() {
    // loky: `get_reusable_executor(max_workers=n)`.
    let pool = pool(1);
    let gate = path("resize-gate");
    let jobs = |count| -> Vec<_> {
        let job = || Act::Await(gate.clone());
        (0..count).map(|_| pool.submit(job()).unwrap()).collect()
    };
    let first = jobs(4);
    until("one runs", || first[0].is_running());
    assert_eq!(pool.pids().len(), 1);
    pool.resize(4).unwrap();
    until("all run", || {
        first.iter().all(executors::Future::is_running)
    });
    assert_eq!((pool.workers(), pool.pids().len()), (4, 4));
    pool.resize(2).unwrap();
    let second = jobs(4);
    fs::write(&gate, "").unwrap();
    for future in first.into_iter().chain(second) {
        assert_eq!(number(future.result()), 0);
    }
    until("two are left", || pool.pids().len() <= 2);
    fs::remove_file(gate).unwrap();
    goes_on(&pool);
}

#[test]
fn a_pool_can_be_used_again_after_kill_shutdown_and_breaking() {
    // loky creates a new executor in this case.
    let pool = builder().workers(2).restart_limit(1).build().unwrap();
    for round in 0..3 {
        match round {
            0 => pool.kill().unwrap(),
            1 => pool.shutdown(true, false).unwrap(),
            _ => {
                for _ in 0..2 {
                    let error = pool.submit(Act::Abort).unwrap().result().unwrap_err();
                    assert!(matches!(error, Error::WorkerDied { .. }));
                }
                until("it is broken", || pool.submit(Act::Abort).is_err());
            }
        }
        assert!(pool.submit(Act::Echo(1)).is_err());
        pool.reopen().unwrap();
        // What was lost before does not count.
        let error = pool.submit(Act::Exit(3)).unwrap().result().unwrap_err();
        assert!(matches!(error, Error::WorkerDied { .. }));
        goes_on(&pool);
    }
}

#[test]
fn workers_start_with_what_they_are_given() {
    let program = path("another-program");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let pool = builder()
        .workers(1)
        .program(&program)
        .env("EXECUTORS_TEST_COLOUR", "blue")
        .env_remove("PATH")
        .current_dir("/usr")
        .niceness(3)
        .build()
        .unwrap();
    let ask = |what| pool.submit(what).unwrap().result().unwrap();
    assert_eq!(
        ask(Do::Variable("EXECUTORS_TEST_COLOUR".to_owned())),
        "blue"
    );
    assert_eq!(ask(Do::Variable("PATH".to_owned())), "none");
    assert_eq!(ask(Do::Folder), "/usr");
    let own: i32 = {
        let stat = fs::read_to_string("/proc/thread-self/stat").unwrap();
        stat.rsplit(") ")
            .next()
            .unwrap()
            .split(' ')
            .nth(16)
            .unwrap()
            .parse()
            .unwrap()
    };
    assert_eq!(ask(Do::Niceness), (own + 3).min(19).to_string());
    let exe = fs::read_link(format!("/proc/{}/exe", pool.pids()[0])).unwrap();
    assert_eq!(exe.to_str().unwrap(), program);
    drop(pool);
    fs::remove_file(program).unwrap();
}

#[test]
fn pools_within_pools_share_the_cpus() {
    // In loky MAX_DEPTH is 10, and nested pools do not use the square of the cores.
    let cpus = std::thread::available_parallelism().unwrap().get();
    for workers in [1, 2, 64] {
        let share = pool(workers).submit(Do::Share).unwrap().result().unwrap();
        assert_eq!(share, (cpus / workers).max(1).to_string());
    }
    assert_eq!(
        pool(1).submit(Do::Nest(3)).unwrap().result().unwrap(),
        "the innermost"
    );
    let text = pool(1).submit(Do::Nest(12)).unwrap().result().unwrap();
    assert!(
        text.contains("10 process pools within one another"),
        "{text}"
    );
}

#[test]
fn what_many_jobs_read_is_mapped_and_not_sent() {
    let bytes: Vec<u8> = (0..10 << 20).map(|n| (n % 251) as u8).collect();
    let sum: u64 = bytes.iter().map(|&byte| u64::from(byte)).sum();
    let shared = SharedBytes::new(&bytes).unwrap();
    // No job of this pool is longer than a kilobyte.
    let pool = builder().workers(2).frame_limit(1000).build().unwrap();
    let sums = pool.map((0..8).map(|_| Do::Sum(shared.clone())));
    for result in sums {
        assert_eq!(result.unwrap(), sum.to_string());
    }
    let empty = SharedBytes::new(&[]).unwrap();
    assert_eq!(
        pool.submit(Do::Sum(empty.clone()))
            .unwrap()
            .result()
            .unwrap(),
        "0"
    );
}

#[test]
fn shared_bytes_that_are_gone_are_not_taken_for_others() {
    for _ in 0..100 {
        let first = SharedBytes::new(b"first").unwrap();
        let place = serde_json::to_string(&first).unwrap();
        assert_eq!(
            &*serde_json::from_str::<SharedBytes>(&place).unwrap(),
            b"first"
        );
        drop(first);
        // As long, and often under the same number.
        let _other = SharedBytes::new(b"other").unwrap();
        assert!(serde_json::from_str::<SharedBytes>(&place).is_err());
    }
}

#[test]
fn a_key_makes_two_submissions_one_job() {
    let pool = pool(2);
    let (note, gate) = (path("key-note"), path("key-gate"));
    let options = Options::new().key("the one");
    let job = || Do::Note(note.clone(), gate.clone());
    let first = pool.submit_with(job(), &options).unwrap();
    let again = pool.submit_with(job(), &options).unwrap();
    let other = pool.submit_with(Do::Folder, &options).unwrap_err();
    assert!(matches!(other, Error::KeyInUse { .. }), "{other}");
    fs::write(&gate, "").unwrap();
    assert_eq!(
        (first.result(), again.result()),
        (Ok(String::new()), Ok(String::new()))
    );
    assert_eq!(lines(&note), 1);
    // When the job is done, the key is free.
    pool.submit_with(job(), &options).unwrap().result().unwrap();
    assert_eq!(lines(&note), 2);
    for file in [note, gate] {
        fs::remove_file(file).unwrap();
    }
}

#[test]
fn cancelling_one_of_two_with_a_key_cancels_the_job() {
    let pool = pool(1);
    let stuck = pool.submit(Act::Sleep).unwrap();
    let options = Options::new().key("the one");
    let first = pool.submit_with(Act::Echo(1), &options).unwrap();
    let again = pool.submit_with(Act::Echo(1), &options).unwrap();
    assert!(again.cancel());
    assert_eq!(first.result(), Err(Error::Cancelled));
    assert_eq!(again.result(), Err(Error::Cancelled));
    pool.kill().unwrap();
    assert!(stuck.result().is_err());
}

#[test]
fn a_thread_pool_refuses_what_it_cannot_keep() {
    let pool = ThreadPool::new(1).unwrap();
    let options = Options::new().time_limit(Duration::from_secs(1));
    let error = pool.submit_with(Act::Echo(1), &options).unwrap_err();
    assert!(matches!(error, Error::Unsupported { .. }), "{error}");
    let running = pool.submit(Act::Echo(1)).unwrap();
    assert!(!running.cancel_running() || running.is_cancelled());
}

#[test]
fn counters_count() {
    let pool = builder().workers(1).restart_limit(10).build().unwrap();
    goes_on(&pool);
    assert!(pool.submit(Act::Exit(1)).unwrap().result().is_err());
    let stuck = pool.submit(Act::Sleep).unwrap();
    until("it runs", || stuck.is_running());
    assert!(pool.submit(Act::Echo(1)).unwrap().cancel());
    let counters = pool.counters();
    assert_eq!(
        (counters.submitted, counters.started, counters.cancelled),
        (13, 12, 1)
    );
    assert_eq!((counters.workers_started, counters.workers_lost), (2, 1));
    pool.kill().unwrap();
    assert_eq!(pool.submit(Act::Pid).unwrap_err(), Error::ShutDown);
    assert!(matches!(stuck.result(), Err(Error::Killed { .. })));
}

#[test]
fn a_result_can_be_looked_at_and_then_taken() {
    let pool = pool(1);
    let mut future = pool.submit(Act::Echo(7)).unwrap();
    until("it is done", || future.is_done());
    assert_eq!(future.peek(), Some(&Ok(Done::Number(7))));
    assert_eq!(future.peek(), Some(&Ok(Done::Number(7))));
    let mut called = None;
    future.on_done(|_| ());
    if let Some(Ok(Done::Number(n))) = future.peek() {
        called = Some(*n);
    }
    assert_eq!((called, number(future.result())), (Some(7), 7));
}
