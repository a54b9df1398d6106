//! A worker's answers: a waiting caller reads them, or a thread of the pool.

use std::fs;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use executors::{Error, Executor, Options, Until, as_completed, wait};

use crate::support::alone::alone;
use crate::support::{Act, Done, number, pool, until};

/// Jobs one at a time, with a wait for each: their caller reads the answers, and continues to.
fn one_at_a_time(pool: &impl Executor) {
    for n in 0..200 {
        assert_eq!(number(pool.submit(Act::Echo(n)).unwrap().result()), n);
    }
}

#[test]
fn an_answer_comes_although_its_caller_does_not_wait_for_it() {
    let pool = pool(1);
    for _ in 0..5 {
        one_at_a_time(&pool);
        let (send, receive) = mpsc::channel();
        let mut job = pool.submit(Act::Echo(1)).unwrap();
        job.on_done(move |done| send.send(done.is_ok()).unwrap());
        assert_eq!(receive.recv(), Ok(true));

        one_at_a_time(&pool);
        let job = pool.submit(Act::Echo(2)).unwrap();
        until("it is done", || job.is_done());

        one_at_a_time(&pool);
        let job = pool.submit(Act::Echo(3)).unwrap();
        wait(std::slice::from_ref(&job), Until::AllCompleted, None).unwrap();

        one_at_a_time(&pool);
        let jobs: Vec<_> = (0..50)
            .map(|n| pool.submit(Act::Echo(n)).unwrap())
            .collect();
        assert_eq!(as_completed(jobs).count(), 50);
    }
}

#[test]
fn a_job_that_is_done_in_time_has_not_overrun_though_nobody_waits() {
    let pool = pool(1);
    let options = Options::new().time_limit(Duration::from_secs(5));
    for n in 0..50 {
        one_at_a_time(&pool);
        let job = pool.submit_with(Act::Echo(n), &options).unwrap();
        until("it is done", || job.is_done());
        assert_eq!(number(job.result()), n);
    }
}

/// The callback may run on the waiting thread. That thread then belongs to the pool, but only
/// during the callback.
#[test]
fn a_thread_that_waits_is_its_own_again_when_the_callback_has_run() {
    let pool = pool(1);
    for n in 0..200 {
        let mut job = pool.submit(Act::Echo(n)).unwrap();
        let other = pool.submit(Act::Echo(n)).unwrap();
        let (send, receive) = mpsc::channel();
        // By then its own job is done, and usually the other is not.
        job.on_done(move |_| send.send(other.result()).unwrap());
        assert_eq!(number(job.result()), n);
        let in_callback = receive.recv().unwrap();
        assert!(
            matches!(in_callback, Err(Error::Deadlock) | Ok(Done::Number(_))),
            "{in_callback:?}"
        );
        assert_eq!(number(pool.submit(Act::Echo(n)).unwrap().result()), n);
    }
}

#[test]
fn a_callback_on_the_thread_that_waits_may_not_wait_for_the_pool() {
    let pool = Arc::new(pool(1));
    for n in 0..2000 {
        // From here on callers read the answers.
        for m in 0..5 {
            assert_eq!(number(pool.submit(Act::Echo(m)).unwrap().result()), m);
        }
        let mut job = pool.submit(Act::Echo(n)).unwrap();
        let (inner, (send, receive)) = (Arc::clone(&pool), mpsc::channel());
        job.on_done(move |_| {
            let mut other = inner.submit(Act::Echo(1)).unwrap();
            send.send(other.result_timeout(Duration::from_secs(60)))
                .unwrap();
        });
        assert_eq!(number(job.result()), n);
        // If its job was done before it was there, it is no callback of the pool's.
        let waited = receive.recv().unwrap();
        assert!(
            matches!(waited, Err(Error::Deadlock) | Ok(Done::Number(1))),
            "{waited:?}"
        );
    }
}

#[test]
fn futures_that_are_kept_hold_no_pipes_open() {
    if !alone("answers::futures_that_are_kept_hold_no_pipes_open") {
        return;
    }
    let descriptors = || fs::read_dir("/proc/self/fd").unwrap().count();
    let pool = pool(1);
    let ended = |act| {
        let job = pool.submit(act).unwrap();
        wait(std::slice::from_ref(&job), Until::AllCompleted, None).unwrap();
        job
    };
    let mut kept = vec![ended(Act::Echo(1))];
    let before = descriptors();
    for _ in 0..10 {
        kept.push(ended(Act::Echo(1)));
        kept.push(ended(Act::Abort));
    }
    pool.shutdown(true, false).unwrap();
    let after = descriptors();
    assert!(after <= before, "{before}, then {after}");
    drop(kept);
}
