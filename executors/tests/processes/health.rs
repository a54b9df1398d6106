//! A pool that can't have all its workers, and its error messages.
#![allow(unsafe_code, reason = "limits of a process have no safe form")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use executors::{Error, Executor, Future};

use crate::support::alone::{alone, command, is_alone, run_alone, text};
use crate::support::system::{Do, Ending, Start, is_stopped, lines, signal};
use crate::support::{Act, Done, builder, goes_on, is_alive, number, path, pool, until};

fn set_descriptors(limit: u64) {
    let limit = libc::rlimit {
        rlim_cur: limit,
        rlim_max: 4096,
    };
    // SAFETY: the pointer is to a live limit.
    assert_eq!(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) }, 0);
}

fn open_descriptors() -> u64 {
    fs::read_dir("/proc/self/fd").unwrap().count() as u64
}

#[test]
fn without_descriptors_the_workers_that_there_are_do_all_jobs() {
    if !alone("health::without_descriptors_the_workers_that_there_are_do_all_jobs") {
        return;
    }
    let pool = builder().workers(6).restart_limit(0).build().unwrap();
    goes_on(&pool);
    let pids = pool.pids();
    assert_eq!(pids.len(), 1);
    // From here on every further process fails with EMFILE.
    set_descriptors(open_descriptors());
    let gate = path("descriptors-gate");
    let first = pool.submit(Act::Await(gate.clone())).unwrap();
    let futures: Vec<_> = (0..50)
        .map(|n| pool.submit(Act::Echo(n)).unwrap())
        .collect();
    // Raise the limit again, for the file.
    set_descriptors(4096);
    fs::write(&gate, "").unwrap();
    set_descriptors(open_descriptors());
    assert_eq!(number(first.result()), 0);
    for (n, future) in futures.into_iter().enumerate() {
        assert_eq!(number(future.result()), n as u64);
    }
    set_descriptors(4096);
    fs::remove_file(gate).unwrap();
    goes_on(&pool);
}

#[test]
fn without_descriptors_and_workers_the_pool_says_so_and_can_be_opened_again() {
    if !alone("health::without_descriptors_and_workers_the_pool_says_so_and_can_be_opened_again") {
        return;
    }
    for allowed in [0, 1, 4, 200] {
        let pool = builder().workers(2).restart_limit(allowed).build().unwrap();
        set_descriptors(open_descriptors());
        let error = pool.submit(Act::Pid).and_then(Future::result).unwrap_err();
        let Error::PoolBroken { reason } = &error else {
            panic!("{error:?}");
        };
        // No worker was lost, so the number of attempts is independent of the restart limit.
        assert!(reason.contains("in 6 attempts: "), "{reason}");
        assert!(reason.contains("Too many open files"), "{reason}");
        let counters = pool.counters();
        assert_eq!((counters.workers_started, counters.workers_lost), (0, 0));
        set_descriptors(4096);
        pool.reopen().unwrap();
        goes_on(&pool);
    }
}

#[test]
fn with_descriptors_for_some_workers_the_pool_goes_on_with_those() {
    if !alone("health::with_descriptors_for_some_workers_the_pool_goes_on_with_those") {
        return;
    }
    // The number is unknown, so descriptors are added one by one until one worker can start.
    let (mut none, mut some) = (0, 0);
    for more in 0..24 {
        let pool = builder().workers(4).restart_limit(200).build().unwrap();
        set_descriptors(open_descriptors() + more);
        match pool.submit(Act::Echo(7)).and_then(Future::result) {
            Ok(done) => {
                assert_eq!(done, Done::Number(7));
                some += 1;
            }
            Err(error) => {
                assert!(error.to_string().contains("Too many open files"), "{error}");
                none += 1;
            }
        }
        // With too few for all workers, it returns an error.
        if let Err(error) = pool.warm_up() {
            assert!(error.to_string().contains("Too many open files"), "{error}");
        }
        set_descriptors(4096);
    }
    assert!(none > 0 && some > 0, "{none} {some}");
}

#[test]
fn starts_that_fail_while_there_is_a_worker_do_not_break_the_pool_when_it_dies() {
    let program = path("program-that-goes");
    let exists = || std::os::unix::fs::symlink(std::env::current_exe().unwrap(), &program).unwrap();
    exists();
    let pool = builder().program(&program).workers(2).build().unwrap();
    goes_on(&pool);
    fs::remove_file(&program).unwrap();
    until(
        "more starts have failed than break a pool without workers",
        || {
            let _ = pool.warm_up();
            pool.counters().failed_starts > 6
        },
    );
    let before = pool.counters().failed_starts;
    let died = pool.submit(Act::Exit(3)).unwrap().result();
    assert!(matches!(died, Err(Error::WorkerDied { .. })), "{died:?}");
    let waits = pool.submit(Act::Echo(5)).unwrap();
    until("the first start without any worker has failed", || {
        pool.counters().failed_starts > before
    });
    exists();
    assert_eq!(number(waits.result()), 5);
    fs::remove_file(&program).unwrap();
}

/// The reason why a pool with this initializer broke, and how often the initializer was started.
fn broken_by(ending: Ending) -> (String, usize) {
    let path = path(&format!("initializer-{ending:?}"));
    let timeout = match ending {
        Ending::Never => Duration::from_millis(500),
        _ => Duration::from_secs(60),
    };
    let pool = builder()
        .workers(2)
        .start_timeout(timeout)
        .initializer(Start(path.clone(), ending))
        .build()
        .unwrap();
    let error = pool.submit(Act::Pid).and_then(Future::result).unwrap_err();
    pool.shutdown(true, true).unwrap();
    let begun = lines(&path);
    let _ = fs::remove_file(path);
    match error {
        Error::PoolBroken { reason } => (reason, begun),
        error => panic!("{error:?}"),
    }
}

#[test]
fn an_initializer_that_ends_its_worker_is_named_at_once() {
    let (reason, begun) = broken_by(Ending::Abort);
    assert!(reason.contains("initializer"), "{reason}");
    assert!(reason.contains("SIGABRT"), "{reason}");
    assert!(!reason.contains("hook"), "{reason}");
    assert_eq!(begun, 1, "what fails once is not tried again");

    let (reason, begun) = broken_by(Ending::ExitWell);
    assert!(reason.contains("the initializer ended"), "{reason}");
    assert!(reason.contains("exit status: 0"), "{reason}");
    assert_eq!(begun, 1);
}

#[test]
fn an_initializer_that_takes_too_long_is_named() {
    let (reason, begun) = broken_by(Ending::Never);
    // On a very busy machine the worker itself may be late: then it was never started.
    if begun > 0 {
        assert!(
            reason.contains("the initializer took longer than"),
            "{reason}"
        );
    } else {
        assert!(reason.contains("not ready within"), "{reason}");
    }
}

#[test]
fn a_death_of_the_memory_limit_names_it() {
    let limit = 512 << 20;
    let pool = builder().workers(1).memory_limit(limit).build().unwrap();
    let error = pool.submit(Act::Allocate).unwrap().result().unwrap_err();
    let text = error.to_string();
    assert!(text.contains("memory limit of 536870912 bytes"), "{text}");
    // If memory can't be the reason, the message does not mention it.
    let error = pool.submit(Act::Exit(3)).unwrap().result().unwrap_err();
    assert!(!error.to_string().contains("memory"), "{error}");
}

#[test]
fn a_chunk_that_overruns_keeps_what_was_done_and_names_the_job() {
    let pool = builder()
        .workers(1)
        .job_timeout(Duration::from_secs(1))
        .build()
        .unwrap();
    pool.warm_up().unwrap();
    let acts = vec![Act::Echo(0), Act::Echo(1), Act::Loop, Act::Echo(3)];
    let results = pool.submit_batch(acts).unwrap().result().unwrap();
    // On a very busy machine the first two may take a second: then less was done.
    let place_of = |result: &Result<Done, Error>| match result {
        Err(Error::Overran { place, .. }) => place.unwrap(),
        other => panic!("{other:?}"),
    };
    let place = place_of(&results[2]);
    assert!(place <= 2);
    for (n, result) in results.iter().enumerate() {
        if n < place as usize {
            assert_eq!(*result, Ok(Done::Number(n as u64)));
        } else {
            assert_eq!(place_of(result), place);
        }
    }
    goes_on(&pool);
}

#[test]
fn workers_are_called_what_the_program_is_called() {
    const NAME: &str = "health::workers_are_called_what_the_program_is_called";
    if !is_alone(NAME) {
        // Under another name, and with its file deleted, as after the next build.
        let program = path("a-program");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        let prepared = command(NAME);
        let mut command = Command::new(&program);
        command.args(prepared.get_args());
        for (name, value) in prepared.get_envs() {
            command.env(name, value.unwrap());
        }
        let output = run_alone(&mut command);
        assert!(output.status.success(), "{}", text(&output));
        assert!(!Path::new(&program).exists());
        return;
    }
    let program = std::env::args().next().unwrap();
    let name = Path::new(&program).file_name().unwrap().to_str().unwrap();
    // Linux stores 15 bytes of a name.
    let name = &name[..name.len().min(15)];
    let called = || pool(1).submit(Do::Name).unwrap().result().unwrap();
    assert_eq!(called(), name);
    fs::remove_file(&program).unwrap();
    assert_eq!(called(), name);
}

#[test]
fn a_program_that_cannot_be_started_is_named() {
    executors::hook(crate::support::JOBS);
    let pool = executors::ProcessPool::builder()
        .workers(1)
        .restart_limit(0)
        .program("/no/such/program")
        .build()
        .unwrap();
    let error = pool.submit(Act::Pid).and_then(Future::result).unwrap_err();
    assert!(error.to_string().contains("/no/such/program"), "{error}");
}

#[test]
fn without_proc_the_pool_works_or_names_what_it_lacks() {
    const NAME: &str = "health::without_proc_the_pool_works_or_names_what_it_lacks";
    if !is_alone(NAME) {
        // Hide /proc by an empty folder, for this process and its children.
        let prepared = command(NAME);
        let mut command = Command::new("unshare");
        let script = "mount -t tmpfs none /proc 2>/dev/null || { echo no mounts here; exit 0; }; \
                      exec \"$0\" \"$@\"";
        command.args(["--mount", "sh", "-c", script]);
        command.arg(std::env::current_exe().unwrap());
        command.args(prepared.get_args());
        for (name, value) in prepared.get_envs() {
            command.env(name, value.unwrap());
        }
        let output = match command.output() {
            Ok(output) if !text(&output).contains("unshare failed") => output,
            _ => return println!("not tried: no mount namespaces here"),
        };
        let text = text(&output);
        if text.contains("no mounts here") {
            return println!("not tried: no mounts here");
        }
        assert!(output.status.success(), "{text}");
        return;
    }
    assert!(!Path::new("/proc/self/exe").exists());
    // The test was started by its path, so its workers can be started too.
    let pool = pool(1);
    for n in 0..10 {
        assert_eq!(number(pool.submit(Act::Echo(n)).unwrap().result()), n);
    }
    let error = pool.submit(Act::Exit(3)).unwrap().result().unwrap_err();
    assert!(error.to_string().contains("exit status: 3"), "{error}");
}

#[test]
fn try_submit_does_not_wait_for_a_worker_that_is_stopped() {
    let pool = pool(1);
    pool.warm_up().unwrap();
    let worker = pool.pids()[0];
    signal(worker, libc::SIGSTOP);
    until("it is stopped", || is_stopped(worker));
    // More than any pipe holds. If it waited, the test would hang, because nobody reads.
    let size = 4 << 20;
    let large = pool.try_submit(Act::Carry(vec![1; size])).unwrap();
    let small = pool.try_submit(Act::Echo(2)).unwrap();
    assert!(!large.is_done() && !small.is_done());
    signal(worker, libc::SIGCONT);
    assert_eq!(number(large.result()), size as u64);
    assert_eq!(number(small.result()), 2);
}

#[test]
fn a_stopped_worker_is_ended_with_its_pool() {
    for kill in [false, true] {
        let pool = pool(1);
        pool.warm_up().unwrap();
        let worker = pool.pids()[0];
        signal(worker, libc::SIGSTOP);
        until("it is stopped", || is_stopped(worker));
        if kill {
            pool.kill().unwrap();
        }
        drop(pool);
        assert!(!is_alive(worker));
    }
}

#[test]
fn a_job_that_its_worker_has_not_read_is_done_by_the_next() {
    let pool = pool(1);
    pool.warm_up().unwrap();
    let worker = pool.pids()[0];
    signal(worker, libc::SIGSTOP);
    until("it is stopped", || is_stopped(worker));
    let job = pool.submit(Act::Echo(7)).unwrap();
    assert!(job.is_running());
    signal(worker, libc::SIGKILL);
    assert_eq!(number(job.result()), 7);
}

#[test]
fn losses_do_not_break_a_pool_while_a_worker_is_at_work() {
    let pool = builder().workers(2).restart_limit(0).build().unwrap();
    let gate = path("losses-gate");
    let works = pool.submit(Act::Await(gate.clone())).unwrap();
    until("it runs", || works.is_running());
    let died = pool.submit(Act::Exit(3)).unwrap().result();
    assert!(matches!(died, Err(Error::WorkerDied { .. })), "{died:?}");
    let waits = pool.submit(Act::Echo(1)).unwrap();
    fs::write(&gate, "").unwrap();
    assert_eq!(number(works.result()), 0);
    assert_eq!(number(waits.result()), 1);
    fs::remove_file(gate).unwrap();
}

#[test]
fn a_stopped_worker_goes_on_to_end_by_itself() {
    let pool = pool(1);
    let note = path("continued");
    let worker = pool.submit(Do::NoteContinued(note.clone())).unwrap();
    let worker: u32 = worker.result().unwrap().parse().unwrap();
    signal(worker, libc::SIGSTOP);
    until("it is stopped", || is_stopped(worker));
    drop(pool);
    // One that is killed never goes on.
    assert_eq!(fs::read_to_string(&note).unwrap(), "continued");
    fs::remove_file(note).unwrap();
}

#[test]
fn numbers_of_workers_that_no_machine_has_are_refused() {
    use executors::ProcessPool;
    executors::hook(crate::support::JOBS);
    for workers in [usize::MAX, 1 << 40, executors::MAX_WORKERS + 1] {
        let error = ProcessPool::new(workers).unwrap_err();
        assert!(matches!(error, Error::TooManyWorkers { .. }), "{error}");
    }
    assert_eq!(ProcessPool::new(0).unwrap_err(), Error::NoWorkers);
    let pool = pool(1);
    assert!(matches!(
        pool.resize(1 << 40),
        Err(Error::TooManyWorkers { .. })
    ));
    assert_eq!(pool.resize(0), Err(Error::NoWorkers));
    goes_on(&pool);
}
