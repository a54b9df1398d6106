//! Kills and time-outs reach the right green thread at the right moment, and lose nothing of the
//! others.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use green_threads::sync::{Event, Mutex, RwLock, Semaphore};
use green_threads::{Channel, JoinError, TimedOut, scope, sleep, spawn, stats, timeout, yield_now};

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_millis(1);
/// Longer than any of this takes.
const PATIENCE: Duration = Duration::from_secs(20);

/// Runs all ready green threads until they wait.
fn settle() {
    for _ in 0..10 {
        yield_now();
    }
}

/// Waits for an event when it is dropped.
struct Slow(Rc<Event>);

impl Drop for Slow {
    fn drop(&mut self) {
        self.0.wait();
    }
}

/// A green thread that unwinds, and whose destructor waits until the event is set.
fn unwinding(go_on: &Rc<Event>) -> green_threads::GreenThread<()> {
    let slow = Slow(Rc::clone(go_on));
    let green_thread = spawn(move || {
        let _slow = slow;
        sleep(HOUR);
    });
    settle();
    green_thread.kill_soon();
    settle();
    assert!(!green_thread.ready());
    green_thread
}

#[test]
fn a_scope_that_waits_at_its_end_passes_a_kill_on() {
    let (dropped, survived) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(false)));
    struct Count(Rc<Cell<usize>>);
    impl Drop for Count {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }
    let owner = spawn({
        let (dropped, survived) = (Rc::clone(&dropped), Rc::clone(&survived));
        move || {
            let borrowed = [1, 2, 3];
            scope(|outer| {
                outer.spawn(|| {
                    let _count = Count(Rc::clone(&dropped));
                    sleep(HOUR);
                    borrowed.len()
                });
                outer.spawn(|| {
                    // A scope inside: its green threads are killed too.
                    scope(|inner| {
                        inner.spawn(|| {
                            let _count = Count(Rc::clone(&dropped));
                            sleep(HOUR);
                            borrowed.len()
                        });
                    });
                });
            });
            survived.set(true);
        }
    });
    settle();
    owner.kill();
    assert!(matches!(owner.join(), Err(JoinError::Killed)));
    assert_eq!((dropped.get(), survived.get()), (2, false));
    assert_eq!(stats().green_threads, 0);
}

#[test]
fn a_scope_that_waits_at_its_end_passes_a_time_out_on() {
    let late = timeout(MOMENT, || {
        scope(|scope| {
            scope.spawn(|| sleep(HOUR));
        });
    });
    assert_eq!(late, Err(TimedOut { after: MOMENT }));
    // With a join in the scope: that wait is ended.
    let late = timeout(MOMENT, || {
        scope(|scope| scope.spawn(|| sleep(HOUR)).join().is_ok())
    });
    assert_eq!(late, Err(TimedOut { after: MOMENT }));
    assert_eq!((stats().green_threads, stats().timers), (0, 0));
}

#[test]
fn a_killed_scope_lets_nothing_begin_any_more() {
    let begun = Rc::new(Cell::new(false));
    let owner = spawn({
        let begun = Rc::clone(&begun);
        move || {
            scope(|scope| {
                scope.spawn(|| {
                    struct Spawns<F: Fn()>(F);
                    impl<F: Fn()> Drop for Spawns<F> {
                        fn drop(&mut self) {
                            (self.0)();
                        }
                    }
                    let _spawns = Spawns(|| {
                        let begun = Rc::clone(&begun);
                        scope.spawn(move || begun.set(true));
                    });
                    sleep(HOUR);
                });
            });
        }
    });
    settle();
    owner.kill();
    assert!(!begun.get());
}

#[test]
fn two_selects_in_turn_starve_none_of_their_channels() {
    let [a, b, c, d] = [(); 4].map(|()| {
        let (sender, receiver) = Channel::unbounded();
        (0..10_000).for_each(|n| sender.send(n).unwrap());
        (sender, receiver)
    });
    let mut taken = [0; 4];
    for _ in 0..10_000 {
        let select = green_threads::Select::new();
        taken[select.recv(&a.1, |_| 0).recv(&b.1, |_| 1).wait()] += 1;
        let select = green_threads::Select::new();
        taken[select.recv(&c.1, |_| 2).recv(&d.1, |_| 3).wait()] += 1;
    }
    // Go's `select` chooses each with the same probability: 5,000 times, within ten times the
    // standard deviation of 50.
    assert!(
        taken.iter().all(|count| (4500..=5500).contains(count)),
        "{taken:?}"
    );
}

#[test]
fn a_kill_while_another_one_unwinds_grants_nothing() {
    let (go_on, semaphore) = (Rc::new(Event::new()), Rc::new(Semaphore::new(0)));
    let went_on = Rc::new(Cell::new(false));
    // It begins to wait before the other one unwinds.
    let waiter = spawn({
        let (semaphore, went_on) = (Rc::clone(&semaphore), Rc::clone(&went_on));
        move || {
            let _permit = semaphore.acquire();
            went_on.set(true);
        }
    });
    settle();
    let slow = unwinding(&go_on);
    waiter.kill_soon();
    settle();
    go_on.set();
    slow.wait();
    waiter.wait();
    assert!(!went_on.get(), "it got no permit");
    assert_eq!(semaphore.available(), 0);
    assert!(matches!(waiter.join(), Err(JoinError::Killed)));
}

#[test]
fn a_kill_before_a_wait_while_another_one_unwinds_is_only_put_off() {
    let go_on = Rc::new(Event::new());
    let slow = unwinding(&go_on);
    // Killed while it is ready; then it waits.
    let waiter = spawn(|| {
        yield_now();
        sleep(HOUR);
    });
    yield_now();
    waiter.kill_soon();
    settle();
    // Some green thread is always ready. The kill must not wait until none is.
    let busy = spawn(|| {
        loop {
            yield_now();
        }
    });
    go_on.set();
    slow.wait();
    let ended = timeout(PATIENCE, || {
        while !waiter.ready() {
            yield_now();
        }
    });
    assert!(ended.is_ok());
    busy.kill();
    assert!(matches!(waiter.join(), Err(JoinError::Killed)));
}

#[test]
fn a_time_out_takes_nothing_that_was_received() {
    const VALUES: u32 = 500_000;
    let (sender, receiver) = Channel::unbounded();
    (0..VALUES).for_each(|value| sender.send(value).unwrap());
    drop(sender);
    let received = RefCell::new(Vec::new());
    let mut late = 0;
    loop {
        let all = timeout(Duration::ZERO, || {
            while let Ok(value) = receiver.recv() {
                received.borrow_mut().push(value);
            }
        });
        match all {
            Ok(()) => break,
            Err(_) => late += 1,
        }
    }
    assert!(late > 1, "a busy loop lets time-outs in");
    assert!(received.into_inner().into_iter().eq(0..VALUES));
}

#[test]
fn locks_and_events_that_never_wait_let_others_and_time_outs_in() {
    type Busy = (&'static str, Box<dyn Fn()>);
    let (mutex, lock, semaphore) = (Mutex::new(0), RwLock::new(0), Semaphore::new(1));
    let (set, (sender, receiver)) = (Event::new(), Channel::unbounded());
    set.set();
    sender.send(1).unwrap();
    let ended = spawn(|| ());
    ended.wait();
    let busy: [Busy; 8] = [
        ("mutex", Box::new(move || *mutex.lock() += 1)),
        ("write lock", Box::new(move || *lock.write() += 1)),
        ("read lock", {
            let lock = RwLock::new(0);
            Box::new(move || drop(lock.read()))
        }),
        ("semaphore", Box::new(move || drop(semaphore.acquire()))),
        ("event", Box::new(move || set.wait())),
        ("join", Box::new(move || ended.wait())),
        ("channel", {
            let (sender, receiver) = (sender.clone(), receiver.clone());
            Box::new(move || sender.send(receiver.recv().unwrap()).unwrap())
        }),
        ("select", {
            Box::new(move || {
                let select = green_threads::Select::new();
                let value = select.recv(&receiver, |value| value.unwrap()).wait();
                sender.send(value).unwrap();
            })
        }),
    ];
    for (name, work) in busy {
        // It ends even if the code is wrong.
        let late = timeout(MOMENT, || (0..50_000_000).for_each(|_| work()));
        assert!(late.is_err(), "{name}");
    }
}

#[test]
fn code_that_catches_panics_swallows_neither_kills_nor_time_outs() {
    // It catches the panic of its first wait. Its next wait unwinds again.
    let caught = Rc::new(Cell::new(0));
    let stubborn = spawn({
        let caught = Rc::clone(&caught);
        move || {
            loop {
                if catch_unwind(|| sleep(HOUR)).is_err() {
                    caught.set(caught.get() + 1);
                }
                if caught.get() < 5 {
                    continue;
                }
                sleep(HOUR);
            }
        }
    });
    settle();
    stubborn.kill_soon();
    // While it catches, the others run.
    (0..20).for_each(|_| yield_now());
    assert!(stubborn.ready());
    assert_eq!(caught.get(), 5);
    assert!(matches!(stubborn.join(), Err(JoinError::Killed)));

    let late = timeout(MOMENT, || {
        let _ = catch_unwind(|| sleep(HOUR));
        sleep(HOUR);
    });
    assert_eq!(late, Err(TimedOut { after: MOMENT }));
    // A green thread that does not wait any more is not ended.
    let value = timeout(MOMENT, || {
        let caught = catch_unwind(AssertUnwindSafe(|| sleep(HOUR)));
        caught.is_err()
    });
    assert_eq!(value, Ok(true));
}
