//! Faults that users of gevent, eventlet and Rust's coroutines have reported, tried here. The
//! report is above each test. The expected result is the one that the report asks for.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::time::Duration;

use event_loop::FakeClock;
use green_threads::eventlet::{GreenPile, GreenPool};
use green_threads::sync::{Condvar, Event, Mutex, Semaphore};
use green_threads::{
    Channel, JoinError, Pool, join_all, set_clock, sleep, spawn, stats, timeout, yield_now,
};

const SECOND: Duration = Duration::from_secs(1);

/// Runs all ready green threads until they wait.
fn settle() {
    for _ in 0..10 {
        sleep(Duration::ZERO);
    }
}

/// eventlet/eventlet#495: an item was given to a receiver whose time-out had fired but was not
/// raised yet. The sender then waited for ever.
#[test]
fn what_is_handed_over_as_the_time_is_up_is_taken_or_kept() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    for sender_first in [true, false] {
        let (sender, receiver) = Channel::rendezvous();
        let (taken, kept) = (Rc::new(Cell::new(0)), Rc::new(Cell::new(0)));
        // Both are woken at the same moment, in either order.
        let receives = || {
            let (receiver, taken) = (receiver.clone(), Rc::clone(&taken));
            spawn(move || {
                if let Ok(Ok(item)) = timeout(SECOND, || receiver.recv()) {
                    taken.set(taken.get() + item);
                }
            })
        };
        let sends = || {
            let (sender, kept) = (sender.clone(), Rc::clone(&kept));
            spawn(move || {
                sleep(SECOND);
                if sender.send_timeout(1, SECOND).is_err() {
                    kept.set(kept.get() + 1);
                }
            })
        };
        let threads = match sender_first {
            true => {
                let sending = sends();
                settle();
                [sending, receives()]
            }
            false => {
                let receiving = receives();
                settle();
                [receiving, sends()]
            }
        };
        for _ in 0..4 {
            settle();
            clock.advance(SECOND);
        }
        join_all(&threads, None);
        assert_eq!(
            taken.get() + kept.get(),
            1,
            "the sender first: {sender_first}"
        );
    }
}

/// eventlet/eventlet#91: if a time-out fired while a pile waited for a result, that result was
/// lost.
#[test]
fn a_time_out_loses_no_result() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let works = |n: u32| {
        sleep(SECOND * (n + 1));
        n
    };
    let mut pile = GreenPile::new(&GreenPool::new(10));
    (0..10).for_each(|n| pile.spawn(move || works(n)));
    // The last two also wait for room.
    let pools = [Pool::new(3), Pool::new(3)];
    let each: [Box<dyn Iterator<Item = Result<u32, JoinError>>>; 3] = [
        Box::new(pile),
        Box::new(pools[0].imap(0..10, works)),
        Box::new(pools[1].imap_unordered(0..10, works)),
    ];
    let filling: Vec<_> = pools
        .iter()
        .flat_map(|pool| (0..3).map(|_| pool.spawn(|| sleep(2 * SECOND))))
        .collect();
    let consumers: Vec<_> = each
        .into_iter()
        .map(|mut results| {
            spawn(move || {
                let (mut got, mut late) = (Vec::new(), 0);
                loop {
                    match timeout(SECOND / 2, || results.next()) {
                        Ok(None) => return (got, late),
                        Ok(Some(result)) => got.push(result.unwrap()),
                        Err(_) => late += 1,
                    }
                }
            })
        })
        .collect();
    while consumers.iter().any(|consumer| !consumer.ready()) {
        settle();
        clock.advance(SECOND / 4);
    }
    for consumer in consumers {
        let (got, late) = consumer.join().unwrap();
        assert_eq!(got, (0..10).collect::<Vec<_>>());
        assert!(late > 3, "{late}");
    }
    join_all(&filling, None);
}

/// eventlet/eventlet#113: when making an item failed, the green threads that waited for it waited
/// for ever.
#[test]
fn a_permit_comes_back_from_one_who_panics_or_is_killed() {
    let semaphore = Rc::new(Semaphore::new(1));
    let waits = |ends: fn()| {
        let semaphore = Rc::clone(&semaphore);
        spawn(move || {
            let _permit = semaphore.acquire();
            yield_now();
            ends();
        })
    };
    let panics = waits(|| panic!("it cannot be made"));
    let killed = waits(|| sleep(Duration::from_secs(3600)));
    let last = waits(|| ());
    assert!(panics.join().is_err());
    settle();
    killed.kill();
    last.join().unwrap();
    assert_eq!(semaphore.available(), 1);
}

/// eventlet/eventlet#136 and #163: a green thread that released a semaphore and asked for it again
/// got it again, before those that had waited.
#[test]
fn who_asks_again_waits_behind_the_others() {
    let semaphore = Rc::new(Semaphore::new(1));
    let order: Rc<RefCell<Vec<u32>>> = Rc::default();
    let threads: Vec<_> = (0..3)
        .map(|n| {
            let (semaphore, order) = (Rc::clone(&semaphore), Rc::clone(&order));
            spawn(move || {
                for _ in 0..3 {
                    let permit = semaphore.acquire();
                    order.borrow_mut().push(n);
                    yield_now();
                    drop(permit);
                }
            })
        })
        .collect();
    join_all(&threads, None);
    assert_eq!(*order.borrow(), [0, 1, 2, 0, 1, 2, 0, 1, 2]);
}

/// zonyitoo/coio-rs#70: if a coroutine waited in a destructor while it unwound, and another one
/// panicked meanwhile, the process ended.
#[test]
fn others_may_panic_while_one_waits_in_a_destructor() {
    struct Waits(Rc<Event>);
    impl Drop for Waits {
        fn drop(&mut self) {
            self.0.wait();
        }
    }
    let event = Rc::new(Event::new());
    let go_on = Rc::clone(&event);
    let unwinds = spawn(move || {
        let _waits = Waits(go_on);
        panic!("the first");
    });
    settle();
    let others: Vec<_> = (0..3)
        .map(|n| spawn(move || panic!("another one, {n}")))
        .collect();
    for other in others {
        let error: Result<(), JoinError> = other.join();
        assert!(error.unwrap_err().to_string().contains("another one"));
    }
    event.set();
    let error: Result<(), JoinError> = unwinds.join();
    assert!(error.unwrap_err().to_string().contains("the first"));
}

/// Xudong-Huang/may#13: cancelling a coroutine poisoned the mutexes that it held.
#[test]
fn a_kill_spoils_no_lock() {
    let pair = Rc::new((Mutex::new(0), Condvar::new()));
    let holding = Rc::clone(&pair);
    let killed = spawn(move || {
        let mut guard = holding.0.lock();
        *guard += 1;
        sleep(Duration::from_secs(3600));
    });
    let waiting = Rc::clone(&pair);
    let killed_too = spawn(move || {
        let guard = waiting.0.lock();
        drop(waiting.1.wait(guard));
    });
    settle();
    killed.kill();
    settle();
    killed_too.kill();
    assert_eq!(*pair.0.try_lock().unwrap(), 1);
}

/// rustcc/coroutine-rs#71: when the first coroutine ended, the program ended. zonyitoo/coio-rs#53:
/// a coroutine that panicked leaked its memory.
#[test]
fn ends_and_panics_leave_nothing_behind() {
    let round = || {
        let threads: Vec<_> = (0..1000)
            .map(|n| {
                spawn(move || {
                    yield_now();
                    // Without the hook, because a thousand messages would be a long log.
                    if n % 2 == 0 {
                        std::panic::resume_unwind(Box::new("as told"));
                    }
                })
            })
            .collect();
        let failed = threads
            .into_iter()
            .filter_map(|one| one.join().err())
            .count();
        assert_eq!(failed, 500);
        stats().green_threads
    };
    let before = round();
    assert_eq!((0..20).map(|_| round()).max(), Some(before));
}

/// gevent/gevent#1553, a question: green threads that a killed one had started went on without it.
/// Here a pool kills all of its own, and so does a scope.
#[test]
fn nothing_that_a_killed_one_has_started_in_a_scope_goes_on() {
    let count = Rc::new(Cell::new(0));
    let counting = Rc::clone(&count);
    let owner = spawn(move || {
        green_threads::scope(|scope| {
            for _ in 0..10 {
                scope.spawn(|| {
                    loop {
                        counting.set(counting.get() + 1);
                        yield_now();
                    }
                });
            }
        });
    });
    settle();
    assert!(count.get() > 0);
    owner.kill();
    let at_its_end = count.get();
    settle();
    assert_eq!(count.get(), at_its_end);
    let pool = Pool::new(3);
    let in_pool: Vec<_> = (0..3)
        .map(|_| pool.spawn(|| sleep(Duration::from_secs(3600))))
        .collect();
    settle();
    pool.kill();
    assert!(in_pool.iter().all(|one| one.ready()));
}

/// zeromq/pyzmq#216, about gevent: a get raised its time-out although its value had come.
#[test]
fn what_comes_in_time_is_no_time_out() {
    let clock = FakeClock::new();
    set_clock(clock.clone()).unwrap();
    let (sender, receiver) = Channel::bounded(1);
    let receiving = spawn(move || {
        (0..100_u32)
            .map(|_| timeout(SECOND, || receiver.recv().unwrap()))
            .collect::<Vec<_>>()
    });
    for n in 0..100 {
        settle();
        // First the value, then the moment at which it would have timed out.
        sender.send(n).unwrap();
        clock.advance(SECOND);
    }
    let expected: Vec<_> = (0..100).map(Ok).collect();
    assert_eq!(receiving.join().unwrap(), expected);
    assert_eq!(stats().timers, 0);
}

/// zonyitoo/coio-rs#32: at the end of main, the remaining coroutines panicked while they were
/// panicking. eventlet/eventlet#989: threads of the pool kept the process from ending.
#[cfg(feature = "threads")]
#[test]
fn a_program_ends_whatever_is_left() {
    const ROLE: &str = "GREEN_THREADS_LEFT";
    if std::env::var_os(ROLE).is_some() {
        struct Panics;
        impl Drop for Panics {
            fn drop(&mut self) {
                panic!("it was dropped");
            }
        }
        spawn(|| {
            let _panics = Panics;
            sleep(Duration::from_secs(3600));
        });
        spawn(|| green_threads::offload(|| std::thread::sleep(Duration::from_secs(3600))));
        settle();
        println!("at its end");
        std::process::exit(7);
    }
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["a_program_ends_whatever_is_left", "--exact", "--nocapture"])
        .env(ROLE, "1")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(7), "{output:?}");
}
