//! Errors of earlier versions: hangs, crashes, and quadratic time.

use std::future::Future as _;
use std::panic::panic_any;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use executors::{
    Error, Future, MAX_WORKERS, Owner, PoolId, ThreadPool, Until, as_completed, promise, wait,
};

use crate::{LONG, occupy};

/// Panics when it is dropped, with a payload that does the same.
struct Bomb(u32);

impl Drop for Bomb {
    fn drop(&mut self) {
        if self.0 > 0 {
            panic_any(Bomb(self.0 - 1));
        }
    }
}

fn is_panicked<T>(result: Result<T, Error>) -> bool {
    matches!(result, Err(Error::Panicked { .. }))
}

#[test]
fn a_panic_whose_payload_panics_is_an_error_like_any_other() {
    let pool = ThreadPool::new(1).unwrap();
    let id = || std::thread::current().id();
    let worker = pool.spawn(id).unwrap().result();
    for bombs in 1..4 {
        let mut future = pool.spawn(move || panic_any(Bomb(bombs))).unwrap();
        assert!(is_panicked(future.result_timeout(LONG)));
        let mut map = pool.map_fn(0..3, move |n| match n {
            1 => panic_any(Bomb(bombs)),
            n => n,
        });
        map = map.timeout(LONG);
        assert_eq!(map.next(), Some(Ok(0)));
        assert!(is_panicked(map.next().unwrap()));
        assert_eq!((map.next(), map.next()), (Some(Ok(2)), None));
        let mut future = pool
            .scope(|scope| scope.spawn(move || panic_any(Bomb(bombs))).unwrap())
            .unwrap();
        assert!(is_panicked(future.result_timeout(LONG)));
        let mut future = pool.spawn(|| 5).unwrap();
        future.on_done(move |_| panic_any(Bomb(bombs)));
        assert_eq!(future.result_timeout(LONG), Ok(5));
    }
    assert_eq!(
        pool.spawn(id).unwrap().result(),
        worker,
        "it is the same thread"
    );
}

#[test]
fn awaiting_in_a_worker_of_the_own_pool_is_told_as_the_deadlock_that_it_is() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let polled = pool.spawn({
        let pool = Arc::clone(&pool);
        move || {
            let inner = pool.spawn(|| 1).unwrap();
            // `block_on` starts with this call, in any runtime.
            match pin!(inner).poll(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready(result) => result,
                Poll::Pending => panic!("block_on would wait for ever"),
            }
        }
    });
    assert_eq!(polled.unwrap().result().unwrap(), Err(Error::Deadlock));
    // Outside the pool, and after it is done, it is awaited as usual.
    let mut outside = pin!(pool.spawn(|| 2).unwrap());
    let mut context = Context::from_waker(Waker::noop());
    let result = loop {
        match outside.as_mut().poll(&mut context) {
            Poll::Ready(result) => break result,
            Poll::Pending => std::thread::yield_now(),
        }
    };
    assert_eq!(result, Ok(2));
}

#[test]
fn a_map_s_time_limit_holds_while_the_queue_is_full() {
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(1)
        .build()
        .unwrap();
    let (release, _busy) = occupy(&pool);
    let _queued = pool.spawn(|| ()).unwrap();
    let limit = Duration::from_millis(20);
    // Nothing is released before the map returns. Without its limit it would not return.
    let mut map = pool.map_fn(0..3, |n| n).timeout(limit);
    assert_eq!(map.next(), Some(Err(Error::TimedOut { after: limit })));
    assert_eq!(map.next(), None);
    drop(release);
}

/// Counts how often it is asked for its pool, that is, how often its future is checked.
struct Counting {
    asked: AtomicUsize,
    pool: PoolId,
}

impl Owner for Counting {
    fn pool(&self) -> Option<PoolId> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        Some(self.pool)
    }
}

#[test]
fn as_completed_looks_at_each_future_a_fixed_number_of_times() {
    const COUNT: usize = 10_000;
    let owner = Arc::new(Counting {
        asked: AtomicUsize::new(0),
        pool: PoolId::new(),
    });
    let (promises, futures): (Vec<_>, Vec<Future<usize>>) = (0..COUNT)
        .map(|_| promise(Arc::clone(&owner) as Arc<dyn Owner>))
        .unzip();
    std::thread::spawn(move || {
        // A thread of another pool: so it has to be checked for a deadlock, each time that nothing has come.
        PoolId::new().adopt();
        assert_eq!(as_completed(futures).timeout(Duration::ZERO).count(), COUNT);
    })
    .join()
    .unwrap();
    drop(promises);
    assert_eq!(owner.asked.load(Ordering::Relaxed), COUNT);
}

#[test]
fn futures_that_time_out_in_great_number_do_so_once_each() {
    const COUNT: usize = 80_000;
    let (promises, futures): (Vec<_>, Vec<Future<()>>) =
        (0..COUNT).map(|_| promise(Arc::new(()))).unzip();
    let mut seen = vec![false; COUNT];
    for (place, result) in as_completed(futures).timeout(Duration::ZERO) {
        assert!(matches!(result, Err(Error::TimedOut { .. })));
        assert!(!std::mem::replace(&mut seen[place], true));
    }
    assert!(seen.into_iter().all(|it| it));
    drop(promises);
}

#[test]
fn waiting_again_and_again_leaves_nothing_behind() {
    let (kept, future) = promise::<()>(Arc::new(()));
    let futures = [future];
    for _ in 0..1000 {
        let waited = wait(&futures, Until::AllCompleted, Some(Duration::ZERO)).unwrap();
        assert_eq!(waited.not_done, [0]);
    }
    kept.finish(Ok(()));
    assert_eq!(wait(&futures, Until::AllCompleted, None).unwrap().done, [0]);
}

#[test]
fn numbers_of_threads_that_no_machine_has_are_refused() {
    for workers in [usize::MAX, 1 << 40, MAX_WORKERS + 1] {
        let error = ThreadPool::new(workers).unwrap_err();
        let expected = Error::TooManyWorkers {
            wanted: workers,
            limit: MAX_WORKERS,
        };
        assert_eq!(error, expected);
    }
    let pool = ThreadPool::new(1).unwrap();
    assert!(matches!(
        pool.resize(usize::MAX),
        Err(Error::TooManyWorkers { .. })
    ));
    assert_eq!(pool.resize(0), Err(Error::NoWorkers));
    assert_eq!(pool.spawn(|| 1).unwrap().result(), Ok(1));
}

#[test]
fn a_thread_pool_can_be_resized_while_it_works() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, first) = occupy(&pool);
    pool.resize(3).unwrap();
    // Three at once: these two start only if there are as many threads.
    let (others, second) = occupy(&pool);
    let (last, third) = occupy(&pool);
    pool.resize(1).unwrap();
    drop((release, others, last));
    for future in [first, second, third] {
        assert_eq!(future.result(), Ok(()));
    }
    // One is left: the second of two does not start while the first runs.
    let (release, running) = occupy(&pool);
    let waiting = pool.spawn(|| ()).unwrap();
    assert!(!waiting.is_running() && waiting.cancel());
    drop(release);
    running.result().unwrap();
    assert_eq!(pool.workers(), 1);
}

#[test]
fn an_iterator_that_panics_leaves_the_pool_alone() {
    let pool = ThreadPool::new(2).unwrap();
    let say_when = (0..10).map(|n| {
        assert!(n != 3, "say when");
        n + 1
    });
    let taken = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.map_fn(say_when, |n| n).for_each(drop);
    }));
    assert!(taken.is_err());
    assert_eq!(pool.spawn(|| 1).unwrap().result(), Ok(1));
}

#[test]
fn a_job_that_waits_for_two_pools_in_turn_is_no_deadlock() {
    let (a, b) = (
        ThreadPool::new(1).unwrap(),
        Arc::new(ThreadPool::new(1).unwrap()),
    );
    let (send, receive) = mpsc::channel();
    let inner = Arc::clone(&b);
    let outer = a
        .spawn(move || inner.spawn(|| 7).unwrap().result())
        .unwrap();
    drop(b.spawn(move || send.send(8)).unwrap());
    assert_eq!(outer.result().unwrap(), Ok(7));
    assert_eq!(receive.recv(), Ok(8));
}
