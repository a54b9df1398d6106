//! Threads: the queue, its limits, callbacks and scopes.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Barrier, Mutex};

use executors::{Error, Executor, Future, ThreadPool, Until, as_completed, wait};

use crate::{LONG, Square, occupy};

#[test]
fn jobs_start_in_the_order_they_were_submitted() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, _busy) = occupy(&pool);
    let order = Arc::new(Mutex::new(Vec::new()));
    let futures: Vec<_> = (0..100)
        .map(|n| {
            let order = Arc::clone(&order);
            pool.spawn(move || order.lock().unwrap().push(n)).unwrap()
        })
        .collect();
    assert_eq!(pool.pending(), 100);
    drop(release);
    futures.into_iter().for_each(|f| f.result().unwrap());
    assert_eq!(*order.lock().unwrap(), (0..100).collect::<Vec<_>>());
}

#[test]
fn all_workers_run_at_the_same_time() {
    let pool = ThreadPool::new(4).unwrap();
    let barrier = Arc::new(Barrier::new(4));
    let futures: Vec<_> = (0..4)
        .map(|_| {
            let barrier = Arc::clone(&barrier);
            // Each of the four returns only if all four run at once.
            pool.spawn(move || barrier.wait().is_leader()).unwrap()
        })
        .collect();
    let leaders = futures
        .into_iter()
        .filter_map(|f| f.result().unwrap().then_some(()));
    assert_eq!(leaders.count(), 1);
}

#[test]
fn waiting_for_a_job_of_the_own_pool_is_refused_in_every_way_of_waiting() {
    let pool = Arc::new(ThreadPool::new(2).unwrap());
    let inner = |pool: &ThreadPool| pool.spawn(|| ()).unwrap();
    let outer = pool
        .spawn({
            let pool = Arc::clone(&pool);
            move || {
                let (release, _other) = occupy(&pool);
                // Both workers are busy: this is the deadlock.
                let mut errors = vec![
                    inner(&pool).result(),
                    inner(&pool).result_timeout(LONG),
                    wait(&[inner(&pool)], Until::AllCompleted, None).map(drop),
                    as_completed([inner(&pool)]).next().unwrap().1,
                    pool.map([Square(1)]).next().unwrap().map(drop),
                    pool.map_unordered([Square(1)]).next().unwrap().map(drop),
                    pool.scope(|_| ()),
                ];
                errors.push(pool.shutdown(true, false));
                drop(release);
                errors
            }
        })
        .unwrap();
    for (way, error) in outer.result().unwrap().into_iter().enumerate() {
        assert_eq!(error, Err(Error::Deadlock), "way {way}");
    }
}

#[test]
fn a_job_may_wait_for_another_pool_and_for_what_is_done() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let other = ThreadPool::new(1).unwrap();
    let done = pool.spawn(|| 1).unwrap();
    wait(std::slice::from_ref(&done), Until::AllCompleted, None).unwrap();
    let sum = pool
        .spawn(move || done.result().unwrap() + other.spawn(|| 2).unwrap().result().unwrap())
        .unwrap();
    assert_eq!(sum.result(), Ok(3));
}

#[test]
fn a_full_queue_refuses_or_blocks_as_asked_and_a_cancel_makes_room() {
    let pool = ThreadPool::builder()
        .workers(1)
        .queue_limit(2)
        .build()
        .unwrap();
    let (release, _busy) = occupy(&pool);
    let first = pool.submit(Square(1)).unwrap();
    let second = pool.submit(Square(2)).unwrap();
    let refused = pool.try_submit(Square(3)).unwrap_err();
    assert_eq!(
        (refused.job, &refused.error),
        (Square(3), &Error::QueueFull { limit: 2 })
    );
    std::thread::scope(|scope| {
        let blocked = scope.spawn(|| pool.submit(Square(4)).unwrap());
        // Whether it blocks first or not, it gets the place.
        assert!(first.cancel());
        let fourth = blocked.join().unwrap();
        drop(release);
        assert_eq!(second.result(), Ok(4));
        assert_eq!(fourth.result(), Ok(16));
    });
}

#[test]
fn a_worker_is_refused_rather_than_blocked_by_its_own_full_queue() {
    let pool = Arc::new(
        ThreadPool::builder()
            .workers(1)
            .queue_limit(1)
            .build()
            .unwrap(),
    );
    let result = pool.spawn({
        let pool = Arc::clone(&pool);
        move || {
            let _fits = pool.spawn(|| ()).unwrap();
            pool.spawn(|| ()).map(drop)
        }
    });
    assert_eq!(
        result.unwrap().result().unwrap(),
        Err(Error::QueueFull { limit: 1 })
    );
}

#[test]
fn what_a_cancelled_job_captured_is_freed_at_once() {
    let pool = ThreadPool::new(1).unwrap();
    let (_release, _busy) = occupy(&pool);
    let (sender, receiver): (Sender<()>, Receiver<()>) = mpsc::channel();
    let future = pool.spawn(move || sender.send(())).unwrap();
    assert!(future.cancel());
    assert!(future.is_cancelled());
    assert!(!future.cancel(), "once is enough");
    // No sender is left, although the worker has not reached the entry.
    assert_eq!(receiver.recv(), Err(mpsc::RecvError));
}

#[test]
fn a_panic_is_an_error_and_the_worker_lives() {
    let pool = ThreadPool::new(1).unwrap();
    let name = || std::thread::current().id();
    let before = pool.spawn(name).unwrap().result();
    let Err(Error::Panicked { message, location }) = pool.submit(Square(13)).unwrap().result()
    else {
        panic!();
    };
    assert!(message.contains("unlucky"), "{message}");
    assert!(location.contains("threads/main.rs"), "{location}");
    assert_eq!(pool.spawn(name).unwrap().result(), before);
}

#[test]
fn a_result_whose_drop_panics_costs_no_worker() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            panic!("on drop");
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    let (dropped, wait) = mpsc::channel();
    let job = move || {
        // Otherwise the result could be dropped with the future, on this test's thread.
        wait.recv().unwrap();
        Bomb
    };
    drop(pool.spawn(job).unwrap());
    dropped.send(()).unwrap();
    assert_eq!(pool.spawn(|| 1).unwrap().result(), Ok(1));
}

#[test]
fn callbacks_have_run_when_the_result_is_there() {
    let pool = ThreadPool::new(2).unwrap();
    let calls = Arc::new(AtomicUsize::new(0));
    for _ in 0..1000 {
        let mut future = pool.spawn(|| 5).unwrap();
        for _ in 0..2 {
            let calls = Arc::clone(&calls);
            future.on_done(move |result| {
                assert_eq!(result, &Ok(5));
                calls.fetch_add(1, Ordering::Relaxed);
            });
        }
        future.on_done(|_| panic!("in a callback"));
        future.result().unwrap();
    }
    assert_eq!(calls.load(Ordering::Relaxed), 2000);
}

#[test]
fn a_future_can_be_awaited_by_any_runtime() {
    use std::pin::pin;
    use std::task::{Context, Poll, Wake, Waker};

    struct Unpark(std::thread::Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let pool = ThreadPool::new(1).unwrap();
    let (release, busy) = occupy(&pool);
    let mut task = pin!(async move {
        busy.await.unwrap();
        6 * 7
    });
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    assert_eq!(task.as_mut().poll(&mut context), Poll::Pending);
    drop(release);
    loop {
        match task.as_mut().poll(&mut context) {
            Poll::Ready(answer) => break assert_eq!(answer, 42),
            Poll::Pending => std::thread::park(),
        }
    }
}

#[test]
fn shutdown_runs_or_cancels_what_is_pending() {
    for cancel in [false, true] {
        let pool = ThreadPool::new(1).unwrap();
        let (release, busy) = occupy(&pool);
        let queued = pool.spawn(|| 1).unwrap();
        pool.shutdown(false, cancel).unwrap();
        assert!(matches!(pool.spawn(|| ()), Err(Error::ShutDown)));
        drop(release);
        pool.shutdown(true, false).unwrap();
        assert_eq!(busy.result(), Ok(()));
        let expected = if cancel { Err(Error::Cancelled) } else { Ok(1) };
        assert_eq!(queued.result(), expected);
    }
}

#[test]
fn a_pool_may_be_dropped_by_its_own_job() {
    let pool = Arc::new(ThreadPool::new(1).unwrap());
    let (send, receive) = mpsc::channel();
    let (go, wait_for_go) = mpsc::channel::<()>();
    let job = pool.spawn({
        let pool = Arc::clone(&pool);
        move || {
            wait_for_go.recv().unwrap();
            drop(pool);
            send.send(()).unwrap();
        }
    });
    let job = job.unwrap();
    drop(pool);
    go.send(()).unwrap();
    receive.recv().unwrap();
    assert_eq!(job.result(), Ok(()));
}

#[test]
fn an_initializer_runs_on_every_thread_and_breaks_the_pool_if_it_panics() {
    let threads = Arc::new(Mutex::new(HashSet::new()));
    let seen = Arc::clone(&threads);
    let pool = ThreadPool::builder()
        .workers(3)
        .thread_name("named")
        .initializer(move || {
            let name = std::thread::current().name().unwrap().to_owned();
            seen.lock().unwrap().insert(name);
        })
        .build()
        .unwrap();
    drop(pool);
    let expected = ["named-0", "named-1", "named-2"].map(String::from);
    assert_eq!(*threads.lock().unwrap(), HashSet::from(expected));

    let pool = ThreadPool::builder()
        .workers(1)
        .initializer(|| panic!("told to"))
        .build()
        .unwrap();
    let error = pool.spawn(|| ()).and_then(Future::result).unwrap_err();
    assert!(
        matches!(&error, Error::PoolBroken { reason } if reason.contains("told to")),
        "{error}"
    );
}

#[test]
fn a_scope_lends_and_waits_even_when_it_panics() {
    let pool = ThreadPool::new(2).unwrap();
    let mut numbers = vec![0u64; 1000];
    pool.scope(|scope| {
        for (n, slot) in numbers.iter_mut().enumerate() {
            drop(scope.spawn(move || *slot = n as u64).unwrap());
        }
    })
    .unwrap();
    assert_eq!(numbers.iter().sum::<u64>(), 999 * 500);

    let ran = AtomicUsize::new(0);
    let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
        pool.scope(|scope| {
            for _ in 0..100 {
                drop(scope.spawn(|| ran.fetch_add(1, Ordering::Relaxed)).unwrap());
            }
            panic!("out of the scope");
        })
    }));
    assert!(result.is_err());
    assert_eq!(ran.load(Ordering::Relaxed), 100);
}

#[test]
fn a_scope_ends_when_its_jobs_are_cancelled() {
    let pool = ThreadPool::new(1).unwrap();
    let (release, busy) = occupy(&pool);
    let text = String::from("borrowed");
    let futures = pool
        .scope(|scope| {
            let by_hand = scope.spawn(|| text.len()).unwrap();
            assert!(by_hand.cancel());
            let by_shutdown = scope.spawn(|| text.len()).unwrap();
            pool.shutdown(false, true).unwrap();
            drop(release);
            [by_hand, by_shutdown]
        })
        .unwrap();
    for future in futures {
        assert_eq!(future.result(), Err(Error::Cancelled));
    }
    busy.result().unwrap();
}

#[test]
fn no_workers_is_an_error() {
    assert_eq!(ThreadPool::new(0).unwrap_err(), Error::NoWorkers);
}
