//! Faults that users of other runtimes have reported, tried on this one. The report is above each
//! test. The expected result is the one that the report asks for.

use super::*;
use scheduler::executor::interval;
use scheduler::sync::{Barrier, Condition, RwLock};

/// tokio-rs/tokio#4618, python/cpython#112202: a task that was notified, and cancelled before it
/// ran, lost the notification.
#[test]
fn a_notification_of_one_who_is_cancelled_goes_to_the_next() {
    executor().block_on(async {
        let (lock, condition) = (Lock::new(0), Condition::new());
        let wait = |add: u32| {
            let (lock, condition) = (lock.clone(), condition.clone());
            spawn(async move {
                let mut guard = condition.wait(lock.lock().await).await;
                *guard += add;
            })
        };
        let (first, second) = (wait(1), wait(10));
        yield_now().await;
        yield_now().await;
        condition.notify_one();
        first.abort();
        second.await.unwrap();
        assert_eq!(*lock.lock().await, 10);
    });
}

/// python/cpython#86766: cancelling tasks that waited for a condition, while others had its lock,
/// failed with "Lock is not acquired".
#[test]
fn a_wait_for_a_condition_may_be_cancelled_while_it_asks_for_the_lock_again() {
    executor().block_on(async {
        let (lock, condition) = (Lock::new(()), Condition::new());
        let waiting: Vec<_> = (0..3)
            .map(|_| {
                let (lock, condition) = (lock.clone(), condition.clone());
                spawn(async move { drop(condition.wait(lock.lock().await).await) })
            })
            .collect();
        yield_now().await;
        yield_now().await;
        let held = lock.lock().await;
        condition.notify_all();
        yield_now().await;
        waiting.iter().for_each(JoinHandle::abort);
        for task in waiting {
            assert!(matches!(task.await, Err(JoinError::Cancelled)));
        }
        drop(held);
        assert!(lock.try_lock().is_some(), "nobody has it");
    });
}

/// bpo-27585 (python/cpython#1031), agronholm/anyio#1145: a waiter was cancelled when it was about
/// to get the lock, or was first in the queue. Those behind it then waited for ever.
#[test]
fn whoever_is_cancelled_in_a_line_leaves_nobody_behind_it_waiting() {
    for cancelled in 0..4 {
        executor().block_on(async {
            let lock = Lock::new(());
            let held = lock.lock().await;
            let waiting: Vec<_> = (0..4)
                .map(|_| {
                    let lock = lock.clone();
                    spawn(async move { drop(lock.lock().await) })
                })
                .collect();
            yield_now().await;
            drop(held);
            waiting[cancelled].abort();
            for (place, task) in waiting.into_iter().enumerate() {
                assert_eq!(task.await.is_err(), place == cancelled);
            }
        });
    }
}

/// python/asyncio#343: an item that came just when `wait_for(queue.get())` timed out was lost.
#[test]
fn an_item_that_comes_as_the_time_is_up_is_not_lost() {
    let (executor, clock) = with_clock();
    let (sender, receiver) = channel(8);
    for n in 0..6_u32 {
        let sender = sender.clone();
        // At the moment of the receiver's time-out, before it and after it.
        drop(executor.spawn(async move {
            sleep(SECOND * n / 2).await;
            sender.send(n).await.unwrap();
        }));
    }
    drop(sender);
    let receiving = executor.spawn(async move {
        let mut got = Vec::new();
        while got.len() < 6 {
            if let Ok(item) = timeout(SECOND / 2, receiver.recv()).await {
                got.extend(item);
            }
        }
        got
    });
    while !receiving.is_finished() {
        executor.run_pending();
        clock.advance(SECOND / 2);
    }
    let got = executor.block_on(receiving).unwrap();
    assert_eq!(got, [0, 1, 2, 3, 4, 5]);
}

/// tokio-rs/tokio#3825: in a loop of `select`, a value that came together with the tick was lost.
#[test]
fn nothing_is_lost_by_a_loop_that_selects() {
    executor().block_on(async {
        let (sender, receiver) = channel(1);
        let sending = spawn(async move {
            for n in 0..1000 {
                sender.send(n).await.unwrap();
                if n % 3 == 0 {
                    yield_now().await;
                }
            }
        });
        let mut got = 0;
        loop {
            match select(yield_now(), receiver.recv()).await {
                Either::Left(()) => {}
                Either::Right(Some(n)) => {
                    assert_eq!(n, got);
                    got += 1;
                }
                Either::Right(None) => break,
            }
        }
        assert_eq!(got, 1000);
        sending.await.unwrap();
    });
}

/// smol-rs/async-executor#163: a waker that was used on another thread while the executor was
/// dropped used freed memory. (valgrind detects it; see `.ci/valgrind`.)
#[test]
fn wakers_that_are_used_while_the_executor_is_dropped_find_it_or_do_not() {
    for _ in 0..200 {
        let executor = executor();
        let probes: Vec<_> = (0..4).map(|_| Probe::default()).collect();
        for probe in &probes {
            drop(executor.spawn(probe.clone()));
        }
        executor.run_pending();
        let (go, start) = mpsc::channel();
        let wakers: Vec<Waker> = probes
            .iter()
            .map(|probe| probe.waker.take().unwrap())
            .collect();
        let waking = thread::spawn(move || {
            start.recv().unwrap();
            for waker in wakers {
                waker.wake_by_ref();
                drop(waker.clone());
                waker.wake();
            }
        });
        go.send(()).unwrap();
        drop(executor);
        waking.join().unwrap();
    }
}

/// tokio-rs/tokio#8260: a sender that was cancelled while it waited for room made the receiver of a
/// closed channel wait for ever.
#[test]
fn a_sender_that_is_cancelled_keeps_no_receiver_waiting() {
    executor().block_on(async {
        let (sender, receiver) = channel(1);
        sender.send(1).await.unwrap();
        let waits = spawn(async move { sender.send(2).await.is_ok() });
        yield_now().await;
        let receiving = spawn(async move { [receiver.recv().await, receiver.recv().await] });
        waits.abort();
        assert_eq!(receiving.await.unwrap(), [Some(1), None]);
    });
}

/// Similar to those above: when a waiter of a barrier was cancelled, the barrier must open neither
/// too early nor never.
#[test]
fn a_barrier_does_not_count_who_was_cancelled() {
    executor().block_on(async {
        let barrier = Barrier::new(3);
        let wait = || spawn(barrier.wait());
        let (gone, first) = (wait(), wait());
        yield_now().await;
        gone.abort();
        yield_now().await;
        let second = wait();
        yield_now().await;
        assert!(!first.is_finished() && !second.is_finished());
        assert!(barrier.wait().await, "the last one");
        assert_eq!(
            (first.await.unwrap(), second.await.unwrap()),
            (false, false)
        );
    });
}

/// tokio's `MissedTickBehavior::Skip`, by the example in its documentation: a tick every 50 ms. A
/// task of 200 ms misses some. The next ones come at multiples of 50 ms.
#[test]
fn missed_ticks_are_left_out() {
    let millis = Duration::from_millis;
    let (executor, clock) = with_clock();
    let came = Rc::new(RefCell::new(Vec::new()));
    let log = Rc::clone(&came);
    drop(executor.spawn(async move {
        let mut ticks = interval(millis(50));
        loop {
            ticks.tick().await;
            log.borrow_mut().push(());
        }
    }));
    let mut counts = Vec::new();
    for advance in [0, 225, 24, 1, 50] {
        clock.advance(millis(advance));
        executor.run_pending();
        counts.push(came.borrow().len());
    }
    // At once; late, at 225; not yet, at 249; at 250; at 300.
    assert_eq!(counts, [1, 2, 2, 3, 4]);
}

/// The same for a waiting writer that is cancelled: the readers behind it go on.
#[test]
fn a_writer_that_gives_up_lets_the_readers_behind_it_in() {
    executor().block_on(async {
        let lock = RwLock::new(());
        let reading = lock.read().await;
        let writer = {
            let lock = lock.clone();
            spawn(async move { drop(lock.write().await) })
        };
        yield_now().await;
        let reader = {
            let lock = lock.clone();
            spawn(async move { drop(lock.read().await) })
        };
        yield_now().await;
        assert!(!reader.is_finished(), "behind the writer");
        writer.abort();
        reader.await.unwrap();
        drop(reading);
    });
}
