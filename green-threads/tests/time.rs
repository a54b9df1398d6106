//! Timers with a clock that the test moves: none is lost, none is early, and no delay is too long.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use event_loop::FakeClock;
use green_threads::sync::{AsyncResult, Event, Mutex, RwLock, Semaphore};
use green_threads::{
    Channel, Pool, Select, Timeout, join_all, set_clock, sleep, spawn, spawn_later, stats, timeout,
    yield_now,
};

const MILLISECOND: Duration = Duration::from_millis(1);

/// Runs all ready green threads until they wait.
fn settle() {
    for _ in 0..10 {
        sleep(Duration::ZERO);
    }
}

#[test]
fn tickers_that_are_due_together_all_tick() {
    // Twisted's `LoopingCallTests.test_basicFunction` has one. Several whose ticks came at the same
    // time once ran 25, 1 and 0 times.
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let ticks: [Rc<Cell<u32>>; 3] = Default::default();
    let tickers: Vec<_> = ticks
        .iter()
        .map(|ticks| {
            let ticks = Rc::clone(ticks);
            spawn(move || {
                loop {
                    sleep(20 * MILLISECOND);
                    ticks.set(ticks.get() + 1);
                }
            })
        })
        .collect();
    settle();
    for _ in 0..500 {
        clock.advance(MILLISECOND);
        settle();
    }
    assert_eq!(ticks.each_ref().map(|ticks| ticks.get()), [25, 25, 25]);
    tickers.iter().for_each(|ticker| ticker.kill());
    assert_eq!(stats().timers, 0);
}

#[test]
fn a_delay_counts_from_the_call_and_is_never_cut_short() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let computes = spawn({
        let clock = clock.clone();
        move || {
            // It computes for half a second, and then sleeps.
            clock.advance(500 * MILLISECOND);
            sleep(500 * MILLISECOND);
        }
    });
    settle();
    clock.advance(499 * MILLISECOND);
    settle();
    assert!(!computes.ready());
    clock.advance(MILLISECOND);
    settle();
    assert!(computes.ready());
    // In the order of their times, and for the same time in the order of the calls (Twisted's
    // `ClockTests.test_callLaterOrdering`).
    let order = Rc::new(RefCell::new(Vec::new()));
    for delay in [3, 1, 2, 1] {
        let order = Rc::clone(&order);
        spawn(move || {
            sleep(delay * MILLISECOND);
            order.borrow_mut().push(delay);
        });
    }
    settle();
    clock.advance(10 * MILLISECOND);
    settle();
    assert_eq!(*order.borrow(), [1, 1, 2, 3]);
}

#[test]
fn no_delay_is_too_long() {
    const MAX: Duration = Duration::MAX;
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let (sender, receiver) = Channel::bounded(1);
    sender.send(1).unwrap();
    let (_kept, empty) = Channel::bounded::<u8>(1);
    let (mutex, lock) = (Rc::new(Mutex::new(())), Rc::new(RwLock::new(())));
    let (held, written) = (mutex.lock(), lock.write());
    let pool = Pool::new(1);
    let occupant = pool.spawn(|| sleep(MAX));
    type Wait = Box<dyn FnOnce()>;
    let waits: [Wait; 12] = [
        Box::new(|| sleep(MAX)),
        Box::new(|| {
            let _ = timeout(MAX, || Event::new().wait());
        }),
        Box::new(|| {
            let _timeout = Timeout::start(MAX);
            Event::new().wait();
        }),
        Box::new(|| {
            let _ = Event::new().wait_timeout(MAX);
        }),
        Box::new(move || {
            let _ = sender.send_timeout(2, MAX);
        }),
        Box::new({
            let empty = empty.clone();
            move || {
                let _ = empty.recv_timeout(MAX);
            }
        }),
        Box::new(move || {
            let _ = Select::new().recv(&empty, |_| ()).wait_timeout(MAX);
        }),
        Box::new(|| drop(Semaphore::new(0).acquire_timeout(MAX))),
        Box::new({
            let mutex = Rc::clone(&mutex);
            move || drop(mutex.lock_timeout(MAX))
        }),
        Box::new({
            let lock = Rc::clone(&lock);
            move || drop(lock.read_timeout(MAX))
        }),
        Box::new(|| {
            let _ = AsyncResult::<u8>::new().get_timeout(MAX).is_ok();
        }),
        Box::new({
            let pool = pool.clone();
            move || {
                let _ = pool.join_timeout(MAX);
            }
        }),
    ];
    let mut waiting: Vec<_> = waits.into_iter().map(spawn).collect();
    waiting.push(spawn_later(MAX, || ()));
    settle();
    // Fifty years, and longer than time lasts.
    clock.advance(Duration::from_secs(50 * 365 * 24 * 3600));
    settle();
    assert_eq!(join_all(&waiting, Some(MILLISECOND - MILLISECOND)), 0);
    waiting.iter().for_each(|one| one.kill());
    occupant.kill();
    drop((held, written, receiver));
    yield_now();
    assert_eq!((stats().green_threads, stats().timers), (0, 0));
}

#[test]
fn time_outs_set_and_called_off_leave_nothing() {
    set_clock(FakeClock::new()).unwrap();
    let kept: Vec<_> = (0..100_000)
        .map(|n| Timeout::start(n * MILLISECOND))
        .collect();
    assert_eq!(stats().timers, 100_000);
    drop(kept);
    assert_eq!(stats().timers, 0);
    // None of them is raised.
    sleep(Duration::ZERO);
}
