//! Tests of the process pool without faults, through its public interface.

use std::collections::HashSet;
use std::time::Duration;

use executors::{Error, Executor, Job, Until, as_completed, wait};

use crate::support::{Act, Done, builder, is_alive, number, path, pool, until};

#[test]
fn jobs_run_in_other_processes_as_many_as_there_may_be() {
    let pool = pool(2);
    pool.warm_up().unwrap();
    let pids: HashSet<u64> = pool.pids().into_iter().map(u64::from).collect();
    assert_eq!(pids.len(), 2);
    let seen: HashSet<u64> = pool.map((0..100).map(|_| Act::Pid)).map(number).collect();
    assert!(seen.is_subset(&pids));
    assert!(!seen.contains(&u64::from(std::process::id())));
}

#[test]
fn workers_are_started_when_they_are_needed_and_gone_with_the_pool() {
    let pool = pool(8);
    assert!(pool.pids().is_empty());
    assert_eq!(number(pool.submit(Act::Echo(1)).unwrap().result()), 1);
    let pids = pool.pids();
    assert_eq!(pids.len(), 1);
    drop(pool);
    assert!(!is_alive(pids[0]));
}

#[test]
fn map_yields_results_in_order_in_chunks_and_lazily() {
    let pool = pool(2);
    for chunk in [1, 7, 1000] {
        let results = pool.map((0..100).map(Act::Echo)).chunk(chunk).map(number);
        assert!(results.eq(0..100));
    }
    let endless = pool.map((0..).map(Act::Echo)).chunk(10).map(number);
    assert!(endless.take(1000).eq(0..1000));
    let mut unordered: Vec<_> = pool
        .map_unordered((0..100).map(Act::Echo))
        .map(number)
        .collect();
    unordered.sort();
    assert!(unordered.into_iter().eq(0..100));
}

#[test]
fn a_chunk_keeps_a_panic_to_the_job_it_happened_with() {
    let pool = pool(1);
    let acts = [Act::Echo(1), Act::Panic, Act::Echo(3)];
    let results: Vec<_> = pool.submit_batch(acts.to_vec()).unwrap().result().unwrap();
    assert_eq!(results[0], Ok(Done::Number(1)));
    assert!(matches!(results[1], Err(Error::Panicked { .. })));
    assert_eq!(results[2], Ok(Done::Number(3)));
}

#[test]
fn a_chunk_whose_worker_dies_yields_an_error_for_each_of_its_jobs() {
    let pool = pool(1);
    let mut acts: Vec<_> = (0..12).map(Act::Echo).collect();
    acts[5] = Act::Abort;
    let results: Vec<_> = pool.map(acts).chunk(4).collect();
    assert_eq!(results.len(), 12);
    for (n, result) in results.into_iter().enumerate() {
        match n {
            4..8 => assert!(matches!(result, Err(Error::WorkerDied { .. }))),
            n => assert_eq!(number(result), n as u64),
        }
    }
}

#[test]
fn a_chunk_too_large_to_send_yields_its_errors_and_the_rest_goes_on() {
    let pool = builder().workers(1).frame_limit(1000).build().unwrap();
    let acts = [0, 2000, 0].map(|size| Act::Carry(vec![0; size]));
    let results: Vec<_> = pool.map(acts).collect();
    assert!(
        matches!(results[..], [Ok(_), Err(Error::TooLarge { .. }), Ok(_)]),
        "{results:?}"
    );
}

#[test]
fn wait_as_completed_and_cancel_work_as_on_threads() {
    let pool = pool(1);
    let gate = path("gate");
    let busy = pool.submit(Act::Await(gate.clone())).unwrap();
    until("it runs", || busy.is_running());
    let queued = pool.submit(Act::Echo(1)).unwrap();
    let cancelled = pool.submit(Act::Panic).unwrap();
    assert!(cancelled.cancel());
    assert!(!busy.cancel());
    let waited = wait(&[busy, cancelled], Until::FirstFailed, None).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![1], vec![0]));
    std::fs::write(&gate, "").unwrap();
    let results: Vec<_> = as_completed([queued]).collect();
    assert_eq!(results, [(0, Ok(Done::Number(1)))]);
    std::fs::remove_file(gate).unwrap();
}

#[test]
fn a_full_queue_refuses_and_gives_the_job_back() {
    let pool = builder().workers(1).queue_limit(1).build().unwrap();
    pool.warm_up().unwrap();
    let stuck = pool.submit(Act::Sleep).unwrap();
    let queued = pool.submit(Act::Echo(2)).unwrap();
    let refused = pool.try_submit(Act::Echo(3)).unwrap_err();
    assert_eq!(
        (refused.job, refused.error),
        (Act::Echo(3), Error::QueueFull { limit: 1 })
    );
    assert!(queued.cancel());
    let next = pool.try_submit(Act::Echo(3)).unwrap();
    pool.kill().unwrap();
    assert!(matches!(stuck.result(), Err(Error::Killed { .. })));
    assert_eq!(next.result(), Err(Error::Cancelled));
}

#[test]
fn a_worker_is_replaced_when_it_has_done_its_share() {
    let pool = builder()
        .workers(1)
        .max_jobs_per_worker(3)
        .restart_limit(0)
        .build()
        .unwrap();
    let pids: Vec<_> = (0..9)
        .map(|_| number(pool.submit(Act::Pid).unwrap().result()))
        .collect();
    assert_eq!(pids.iter().collect::<HashSet<_>>().len(), 3);
    assert!(
        pids.chunks(3)
            .all(|three| three.iter().all(|pid| *pid == three[0]))
    );
}

#[test]
fn an_idle_worker_is_sent_home_and_replaced_when_there_is_work() {
    let idle = Duration::from_millis(20);
    let pool = builder().workers(2).idle_timeout(idle).build().unwrap();
    for _ in 0..3 {
        assert_eq!(number(pool.submit(Act::Echo(1)).unwrap().result()), 1);
        until("it is gone", || pool.pids().is_empty());
    }
}

#[test]
fn shutdown_runs_or_cancels_what_is_pending() {
    for cancel in [false, true] {
        let pool = pool(1);
        let futures: Vec<_> = (0..20)
            .map(|n| pool.submit(Act::Echo(n)).unwrap())
            .collect();
        pool.shutdown(true, cancel).unwrap();
        assert!(pool.pids().is_empty());
        let (mut done, mut cancelled) = (0, 0);
        for mut future in futures {
            match future.try_result().expect("all are done") {
                Ok(_) => done += 1,
                Err(Error::Cancelled) => cancelled += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(done + cancelled, 20);
        assert!(cancel || cancelled == 0);
        assert!(matches!(pool.submit(Act::Pid), Err(Error::ShutDown)));
    }
}

#[test]
fn waiting_in_a_callback_for_a_job_of_the_same_pool_is_refused() {
    let pool = pool(1);
    let gate = path("callback");
    let mut first = pool.submit(Act::Await(gate.clone())).unwrap();
    let second = pool.submit(Act::Sleep).unwrap();
    let (send, receive) = std::sync::mpsc::channel();
    first.on_done(move |_| send.send(second.result()).unwrap());
    std::fs::write(&gate, "").unwrap();
    assert_eq!(receive.recv().unwrap(), Err(Error::Deadlock));
    std::fs::remove_file(gate).unwrap();
    pool.kill().unwrap();
}

#[test]
fn the_cpu_time_of_workers_is_counted_alive_or_dead() {
    let pool = builder()
        .workers(1)
        .max_jobs_per_worker(50)
        .build()
        .unwrap();
    let mut before = Duration::ZERO;
    for _ in 0..5 {
        pool.map((0..40).map(Act::Spin))
            .for_each(|n| drop(n.unwrap()));
        let now = pool.cpu_time();
        assert!(now > before);
        before = now;
    }
    pool.shutdown(true, false).unwrap();
    assert!(pool.cpu_time() >= before);
}

#[test]
fn an_unregistered_job_is_refused_with_the_line_to_write() {
    #[derive(serde::Serialize, serde::Deserialize)]
    struct Stranger;
    impl Job for Stranger {
        type Output = ();
        fn run(self) {}
    }
    let error = pool(1).submit(Stranger).unwrap_err();
    assert!(matches!(error, Error::NotRegistered { .. }));
    assert!(
        error.to_string().contains("executors::job::<Stranger>()"),
        "{error}"
    );
}
