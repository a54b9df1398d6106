//! The requirements of CPython's `test_concurrent_futures` on futures and a thread pool, except
//! those in other tests: `tests/world/README.md` has the list.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::time::Duration;

use executors::{Error, Future, Promise, ThreadPool, Until, as_completed, promise, wait};

use crate::occupy;

fn pending() -> (Promise<u32>, Future<u32>) {
    promise(Arc::new(()))
}

fn done(result: Result<u32, Error>) -> Future<u32> {
    let (promise, future) = pending();
    promise.finish(result);
    future
}

fn cancelled() -> Future<u32> {
    let (_, future) = {
        let (promise, future) = pending();
        assert!(future.cancel());
        (promise, future)
    };
    future
}

fn failed() -> Future<u32> {
    done(Err(Error::Lost {
        what: "an exception".to_owned(),
    }))
}

/// The argument of a callback.
fn called(
    mut future: Future<u32>,
    promise: Option<(Promise<u32>, Result<u32, Error>)>,
) -> Result<u32, Error> {
    let (send, receive) = mpsc::channel();
    future.on_done(move |result| send.send(result.clone()).unwrap());
    if let Some((promise, result)) = promise {
        promise.finish(result);
    }
    let given = receive.try_recv().expect("it was called, once, by now");
    assert!(receive.try_recv().is_err());
    // Later reads return the same.
    assert_eq!(future.result(), given);
    given
}

#[test]
fn a_callback_is_given_the_result_however_and_whenever_it_comes() {
    let (promise, future) = pending();
    assert_eq!(called(future, Some((promise, Ok(5)))), Ok(5));
    let (promise, future) = pending();
    assert_eq!(
        called(future, Some((promise, Err(Error::Deadlock)))),
        Err(Error::Deadlock)
    );
    assert_eq!(called(done(Ok(5)), None), Ok(5));
    assert!(matches!(called(failed(), None), Err(Error::Lost { .. })));
    assert_eq!(called(cancelled(), None), Err(Error::Cancelled));
    let (promise, mut future) = pending();
    let (send, receive) = mpsc::channel();
    future.on_done(move |result| send.send(result.clone()).unwrap());
    assert!(future.cancel());
    assert_eq!(receive.try_recv(), Ok(Err(Error::Cancelled)));
    drop(promise);
}

#[test]
fn a_callback_that_panics_keeps_no_other_from_being_called() {
    for early in [true, false] {
        let (promise, mut future) = pending();
        let mut promise = Some(promise);
        if !early {
            promise.take().unwrap().finish(Ok(5));
        }
        let calls = Arc::new(AtomicUsize::new(0));
        for n in 0..3 {
            let calls = Arc::clone(&calls);
            future.on_done(move |_| {
                calls.fetch_add(1, Ordering::Relaxed);
                assert!(n != 0, "the first one panics");
            });
        }
        if let Some(promise) = promise {
            promise.finish(Ok(5));
        }
        assert_eq!(future.result(), Ok(5));
        assert_eq!(calls.load(Ordering::Relaxed), 3);
    }
}

#[test]
fn a_future_shows_its_state() {
    let (promise, future) = pending();
    assert_eq!(format!("{future:?}"), "Future(\"pending\")");
    assert!(promise.start());
    assert_eq!(format!("{future:?}"), "Future(\"running\")");
    promise.finish(Ok(1));
    assert_eq!(format!("{future:?}"), "Future(\"done\")");
}

#[test]
fn cancel_and_the_questions_answer_as_cpython_s() {
    // The states: cancel(), cancelled(), running(), done().
    let (promise, pending_future) = pending();
    let (running_promise, running) = pending();
    assert!(running_promise.start());
    let rows = [
        (cancelled(), [false, true, false, true]),
        (running, [false, false, true, false]),
        (failed(), [false, false, false, true]),
        (done(Ok(1)), [false, false, false, true]),
        (pending_future, [true, true, false, true]),
    ];
    for (n, (future, expected)) in rows.into_iter().enumerate() {
        let cancels = future.cancel();
        let states = [
            cancels,
            future.is_cancelled(),
            future.is_running(),
            future.is_done(),
        ];
        assert_eq!(states, expected, "row {n}");
    }
    drop((promise, running_promise));
}

#[test]
fn result_with_a_timeout() {
    let zero = Duration::ZERO;
    let (promise, mut future) = pending();
    assert_eq!(
        future.result_timeout(zero),
        Err(Error::TimedOut { after: zero })
    );
    promise.start();
    assert_eq!(
        future.result_timeout(zero),
        Err(Error::TimedOut { after: zero })
    );
    std::thread::scope(|scope| {
        scope.spawn(|| promise.finish(Ok(42)));
        assert_eq!(future.result_timeout(Duration::MAX), Ok(42));
    });
    assert_eq!(cancelled().result_timeout(zero), Err(Error::Cancelled));
    assert_eq!(done(Ok(42)).result_timeout(zero), Ok(42));
    assert!(matches!(
        failed().result_timeout(zero),
        Err(Error::Lost { .. })
    ));
}

#[test]
fn wait_for_the_first_failure_or_the_first_at_all() {
    let (promise, waiting) = pending();
    // A cancelled future has failed. Here, as in CPython, that ends the wait.
    let futures = [done(Ok(1)), cancelled(), failed(), waiting];
    let waited = wait(&futures, Until::FirstFailed, None).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![0, 1, 2], vec![3]));
    let waited = wait(&futures, Until::FirstCompleted, None).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![0, 1, 2], vec![3]));
    let waited = wait(&futures, Until::AllCompleted, Some(Duration::ZERO)).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![0, 1, 2], vec![3]));
    promise.finish(Ok(4));
    let waited = wait(&futures, Until::AllCompleted, None).unwrap();
    assert_eq!((waited.done, waited.not_done), (vec![0, 1, 2, 3], vec![]));
}

#[test]
fn as_completed_yields_what_is_done_before_the_time_is_up() {
    for timeout in [Duration::ZERO, Duration::from_millis(1)] {
        let (promise, waiting) = pending();
        let futures = [waiting, cancelled(), failed(), done(Ok(42))];
        let results: Vec<_> = as_completed(futures).timeout(timeout).collect();
        let places: Vec<_> = results.iter().map(|(place, _)| *place).collect();
        assert_eq!(places, [1, 2, 3, 0]);
        assert_eq!(results[3].1, Err(Error::TimedOut { after: timeout }));
        assert_eq!(results[2].1, Ok(42));
        drop(promise);
    }
}

#[test]
fn nothing_keeps_what_has_been_handed_over() {
    let pool = ThreadPool::new(1).unwrap();
    // A job's closure is dropped, although its future was dropped before.
    let held = Arc::new(());
    let (send, receive) = mpsc::channel::<()>();
    let job = Arc::clone(&held);
    drop(pool.spawn(move || drop((job, send))).unwrap());
    assert!(receive.recv().is_err());
    assert_eq!(Arc::strong_count(&held), 1);
    // A result is dropped while others of the same call are still unfinished.
    let futures = (0..3).map(|n| pool.spawn(move || Arc::new(n)).unwrap());
    let mut results = as_completed(futures);
    let result = results.next().unwrap().1.unwrap();
    assert_eq!(Arc::strong_count(&result), 1);
    let mut map = pool.map_fn(0..3, Arc::new);
    let result = map.next().unwrap().unwrap();
    assert_eq!(Arc::strong_count(&result), 1);
    drop((results, map));
    // The result itself is dropped when its last possible receiver is dropped.
    let result = Arc::new(1);
    let kept = Arc::downgrade(&result);
    let (promise, future) = promise(Arc::new(()));
    promise.finish(Ok(result));
    drop(future);
    assert!(kept.upgrade().is_none());
}

#[test]
fn a_map_that_times_out_cancels_what_has_not_started() {
    // CPython's gh-95166.
    let pool = ThreadPool::new(1).unwrap();
    let (release, busy) = occupy(&pool);
    let ran = Arc::new(Mutex::new(Vec::new()));
    {
        let ran = Arc::clone(&ran);
        let call = move |name| ran.lock().unwrap().push(name);
        let mut map = pool
            .map_fn(["second", "third"], call)
            .timeout(Duration::ZERO);
        assert!(matches!(map.next(), Some(Err(Error::TimedOut { .. }))));
    }
    drop(release);
    busy.result().unwrap();
    pool.shutdown(true, false).unwrap();
    assert!(ran.lock().unwrap().is_empty());
}

#[test]
fn a_hundred_futures_that_end_at_once_are_all_seen() {
    // CPython's issue 14406.
    for _ in 0..20 {
        let pool = ThreadPool::new(4).unwrap();
        let open = Arc::new(AtomicBool::new(false));
        let futures: Vec<_> = (0..100)
            .map(|_| {
                let open = Arc::clone(&open);
                let wait = move || {
                    while !open.load(Ordering::Acquire) {
                        std::thread::yield_now();
                    }
                };
                pool.spawn(wait).unwrap()
            })
            .collect();
        open.store(true, Ordering::Release);
        let waited = wait(&futures, Until::AllCompleted, None).unwrap();
        assert_eq!(waited.done.len(), 100);
    }
}

#[test]
fn four_threads_are_four_threads_however_many_jobs() {
    let pool = ThreadPool::new(4).unwrap();
    // Fifteen groups of four: with fewer threads they would not meet.
    let barrier = Arc::new(Barrier::new(4));
    let meet = || {
        let barrier = Arc::clone(&barrier);
        move || {
            barrier.wait();
            std::thread::current().name().unwrap().to_owned()
        }
    };
    let futures: Vec<_> = (0..60).map(|_| pool.spawn(meet()).unwrap()).collect();
    let names = futures.into_iter().map(|it| it.result().unwrap());
    let names: std::collections::BTreeSet<_> = names.collect();
    let expected = [
        "thread-pool-0",
        "thread-pool-1",
        "thread-pool-2",
        "thread-pool-3",
    ];
    assert!(names.iter().eq(expected.iter()), "{names:?}");
}

#[test]
fn a_program_may_drop_its_pool_with_jobs_pending_and_they_all_run() {
    let ran = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(2).unwrap();
    for _ in 0..50 {
        let ran = Arc::clone(&ran);
        drop(
            pool.spawn(move || ran.fetch_add(1, Ordering::Relaxed))
                .unwrap(),
        );
    }
    drop(pool);
    assert_eq!(ran.load(Ordering::Relaxed), 50);
}
