//! Workers that die, hang, lie and print: one clear error each, and the pool goes on.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use executors::{Error, Executor, Future, Part, ProcessPool, WorkerId};
use support::{Act, BadInput, Done, Mark, builder, is_alive, kill, pool, until};

/// Not a test: what the workers run. Without the marks of a worker it does nothing.
#[test]
fn worker() {
    executors::hook(support::JOBS);
}

fn goes_on(pool: &ProcessPool) {
    for n in 0..10 {
        assert_eq!(
            pool.submit(Act::Echo(n)).unwrap().result(),
            Ok(Done::Number(n))
        );
    }
}

fn fails(pool: &ProcessPool, act: Act) -> Error {
    pool.submit(act).unwrap().result().unwrap_err()
}

#[test]
fn every_job_ends_exactly_once_while_workers_are_killed_at_random() {
    const COUNT: usize = 1000;
    let pool = Arc::new(builder().workers(3).restart_limit(10_000).build().unwrap());
    let over = Arc::new(AtomicBool::new(false));
    let killer = std::thread::spawn({
        let (pool, over) = (Arc::clone(&pool), Arc::clone(&over));
        move || {
            let mut killed = Vec::new();
            let mut dice = 1u32;
            while !over.load(Ordering::Relaxed) {
                dice = dice.wrapping_mul(1664525).wrapping_add(1013904223);
                let pids = pool.pids();
                if let Some(&pid) = pids.get(dice as usize >> 16 & 3) {
                    kill(pid);
                    killed.push(pid);
                }
                // The pace of the killing decides nothing: the checks hold at any.
                std::thread::sleep(Duration::from_millis(u64::from(dice >> 28)));
            }
            killed
        }
    });
    let endings: Arc<Vec<AtomicUsize>> =
        Arc::new((0..COUNT).map(|_| AtomicUsize::new(0)).collect());
    let futures: Vec<Future<Done>> = (0..COUNT)
        .map(|n| {
            let mut future = pool.submit(Act::Spin(n as u64)).unwrap();
            let endings = Arc::clone(&endings);
            future.on_done(move |_| {
                endings[n].fetch_add(1, Ordering::Relaxed);
            });
            future
        })
        .collect();
    let results: Vec<_> = futures.into_iter().map(Future::result).collect();
    over.store(true, Ordering::Relaxed);
    let killed = killer.join().unwrap();

    let mut died = 0;
    for (n, result) in results.iter().enumerate() {
        match result {
            Ok(Done::Number(m)) => assert_eq!(*m, n as u64),
            Err(Error::WorkerDied { worker, exit, .. }) => {
                assert_eq!(exit.signal(), Some(9));
                assert!(killed.contains(&worker.pid));
                died += 1;
            }
            other => panic!("job {n}: {other:?}"),
        }
    }
    assert!(
        endings
            .iter()
            .all(|count| count.load(Ordering::Relaxed) == 1)
    );
    assert!(died > 0, "the killer hit nobody");
    assert!(died < COUNT / 2, "{died} jobs died");
    let left = pool.pids();
    pool.shutdown(true, false).unwrap();
    for pid in left.into_iter().chain(killed) {
        assert!(!is_alive(pid), "{pid} is left");
    }
}

/// Starts a parent with three workers (this program too, running the test below) in a process
/// group of its own.
fn start_parent() -> (std::process::Child, Vec<u32>) {
    let mut parent = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["parent_to_be_killed", "--exact", "--nocapture"])
        .env("PARENT_TO_BE_KILLED", "1")
        .stdout(std::process::Stdio::piped())
        .process_group(0)
        .spawn()
        .unwrap();
    let lines = std::io::BufRead::lines(std::io::BufReader::new(parent.stdout.take().unwrap()));
    // "running 1 test", then what the parent prints.
    let pids: Vec<u32> = lines
        .map(Result::unwrap)
        .find_map(|line| Some(line.split_once("pids: ")?.1.to_owned()))
        .unwrap()
        .split_whitespace()
        .map(|pid| pid.parse().unwrap())
        .collect();
    assert_eq!(pids.len(), 3);
    assert!(pids.iter().all(|&pid| is_alive(pid)));
    (parent, pids)
}

#[test]
fn no_worker_outlives_a_parent_that_is_killed() {
    let (mut parent, pids) = start_parent();
    parent.kill().unwrap();
    parent.wait().unwrap();
    until("all workers are gone", || {
        !pids.iter().any(|&pid| is_alive(pid))
    });
}

#[test]
fn no_worker_outlives_an_interrupted_parent() {
    let (mut parent, pids) = start_parent();
    // As the terminal does at Ctrl-C: to the whole group. It ends the parent, which has no
    // handler; the workers survive the signal and end with the parent.
    let group = rustix::process::Pid::from_child(&parent);
    rustix::process::kill_process_group(group, rustix::process::Signal::INT).unwrap();
    assert_eq!(parent.wait().unwrap().signal(), Some(2));
    until("all workers are gone", || {
        !pids.iter().any(|&pid| is_alive(pid))
    });
}

#[test]
fn an_interrupt_ends_no_job() {
    let pool = pool(1);
    let gate = std::env::temp_dir().join(format!("executors-interrupt-{}", std::process::id()));
    let running = pool
        .submit(Act::Await(gate.to_str().unwrap().to_owned()))
        .unwrap();
    until("it runs", || running.is_running());
    let worker = rustix::process::Pid::from_raw(pool.pids()[0] as i32).unwrap();
    rustix::process::kill_process(worker, rustix::process::Signal::INT).unwrap();
    std::fs::write(&gate, "").unwrap();
    assert_eq!(running.result(), Ok(Done::Number(0)));
    std::fs::remove_file(gate).unwrap();
}

/// Not a test of its own: the parent of the tests above. One worker computes, one sleeps, one is
/// idle.
#[test]
fn parent_to_be_killed() {
    if std::env::var_os("PARENT_TO_BE_KILLED").is_none() {
        return;
    }
    let pool = pool(3);
    pool.warm_up().unwrap();
    let _busy = [
        pool.submit(Act::Loop).unwrap(),
        pool.submit(Act::Sleep).unwrap(),
    ];
    let pids: Vec<_> = pool.pids().iter().map(u32::to_string).collect();
    println!("\npids: {}", pids.join(" "));
    loop {
        std::thread::park();
    }
}

#[test]
fn a_worker_that_is_killed_takes_only_its_own_job_with_it() {
    let pool = pool(1);
    let mut doomed = pool.submit(Act::Sleep).unwrap();
    let queued: Vec<_> = (0..50)
        .map(|n| pool.submit(Act::Echo(n)).unwrap())
        .collect();
    until("the job runs", || doomed.is_running());
    let pid = pool.pids()[0];
    assert!(doomed.try_result().is_none());
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
        until("it is buried", || pool.pids() != pids);
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
fn a_worker_that_prints_disturbs_nothing() {
    let pool = pool(1);
    pool.warm_up().unwrap();
    let pids = pool.pids();
    assert_eq!(
        pool.submit(Act::Print).unwrap().result(),
        Ok(Done::Number(0))
    );
    goes_on(&pool);
    assert_eq!(pool.pids(), pids);
}

#[test]
fn garbage_in_the_pipe_is_one_clear_error() {
    let pool = pool(1);
    let error = fails(&pool, Act::Smuggle(b"hello".to_vec()));
    let Error::Garbled { what, .. } = &error else {
        panic!("{error:?}")
    };
    assert!(
        what.starts_with("a frame cannot begin with \"hello"),
        "{what}"
    );
    goes_on(&pool);
}

#[test]
fn an_oversized_frame_is_refused_unread() {
    let pool = pool(1);
    let mut header = b"\xF5mh\x01\x02\0\0\0\0\0\0\0\xFF\xFF\xFF\xFF".to_vec();
    header.resize(24, 0);
    let Error::Garbled { what, .. } = fails(&pool, Act::Smuggle(header)) else {
        panic!()
    };
    assert!(what.starts_with("a frame of 4294967295 bytes"), "{what}");
    goes_on(&pool);
}

#[test]
fn a_forged_answer_is_refused() {
    let pool = pool(1);
    // A well-formed, empty answer to a job that was never sent.
    let mut header = b"\xF5mh\x01\x02\0\0\0\x63\0\0\0\0\0\0\0".to_vec();
    header.resize(24, 0);
    assert!(matches!(
        fails(&pool, Act::Smuggle(header)),
        Error::Garbled { .. }
    ));
    goes_on(&pool);
}

#[test]
fn what_is_too_large_is_refused_on_either_side_and_costs_no_worker() {
    let pool = builder().workers(1).frame_limit(10_000).build().unwrap();
    pool.warm_up().unwrap();
    let pids = pool.pids();
    let error = pool.submit(Act::Carry(vec![0; 20_000])).unwrap_err();
    assert!(matches!(
        error,
        Error::TooLarge {
            part: Part::Input,
            limit: 10_000,
            ..
        }
    ));
    let error = fails(&pool, Act::Produce(20_000));
    let Error::TooLarge {
        part, size, limit, ..
    } = error
    else {
        panic!("{error:?}")
    };
    assert_eq!((part, limit), (Part::Result, 10_000));
    assert!(size > 20_000);
    goes_on(&pool);
    assert_eq!(pool.pids(), pids);
}

#[test]
fn large_jobs_and_results_pass() {
    let pool = pool(2);
    let size = 20 << 20;
    let carried = pool.submit(Act::Carry(vec![1; size])).unwrap();
    let produced = pool.submit(Act::Produce(size)).unwrap();
    assert_eq!(carried.result(), Ok(Done::Number(size as u64)));
    assert_eq!(produced.result(), Ok(Done::Bytes(vec![7; size])));
}

#[test]
fn a_job_that_cannot_be_read_is_refused_in_its_own_words() {
    let pool = pool(1);
    let error = pool.submit(BadInput(1)).unwrap_err();
    let Error::Codec { part, message, .. } = &error else {
        panic!("{error:?}")
    };
    assert_eq!(*part, Part::Input);
    assert!(message.contains("unreadable on purpose"), "{message}");
    goes_on(&pool);
}

#[test]
fn a_result_whose_drop_panics_costs_nothing() {
    let pool = pool(1);
    // Nobody waits for it, so the pool has to drop the result.
    drop(pool.submit(support::MakeBomb).unwrap());
    goes_on(&pool);
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
        // Even with no restart allowed: the pool itself ended that worker.
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
fn a_pool_whose_workers_keep_dying_says_so() {
    let pool = builder().workers(2).restart_limit(3).build().unwrap();
    let futures: Vec<_> = (0..20).map(|_| pool.submit(Act::Exit(7))).collect();
    let mut broken = 0;
    let mut died = 0;
    for future in futures {
        match future.and_then(Future::result) {
            Err(Error::WorkerDied { .. }) => died += 1,
            Err(Error::PoolBroken { reason }) => {
                // The fourth loss breaks it, unless the other worker is at a job then.
                let lost = ["4 workers", "5 workers"].map(|n| format!("{n} in a row were lost"));
                assert!(lost.iter().any(|it| reason.starts_with(it)), "{reason}");
                assert!(reason.contains("exit status: 7"), "{reason}");
                broken += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    // The fourth death breaks it; the other worker may be on a fifth job then.
    assert!((4..=5).contains(&died), "{died}");
    assert_eq!(broken, 20 - died);
    assert!(matches!(
        pool.submit(Act::Pid),
        Err(Error::PoolBroken { .. })
    ));
    pool.shutdown(true, false).unwrap();
    assert!(pool.pids().is_empty());
}

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
    // A test that does not exist: the program ends at once, without a word.
    let reason = wrong(&["no_such_test", "--exact"]);
    assert!(
        reason.contains("before it was ready (exit status: 0)"),
        "{reason}"
    );
    assert!(reason.contains("first line of main"), "{reason}");
    // An argument it does not know.
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
        .worker_args(["hangs", "--exact", "--nocapture"])
        .build()
        .unwrap();
    let error = pool.submit(Act::Pid).unwrap().result().unwrap_err();
    assert!(
        error.to_string().contains("was not ready within 50ms"),
        "{error}"
    );
}

/// Not a test of its own: what the workers of the test above run instead of the hook.
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
        // Before it was ready, the job was pending and goes to the next; after that, it may have
        // been the one that ran.
        match future.result() {
            Ok(Done::Number(1)) | Err(Error::WorkerDied { .. }) => {}
            other => panic!("{other:?}"),
        }
        until("it is buried", || !pool.pids().contains(&pid));
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
