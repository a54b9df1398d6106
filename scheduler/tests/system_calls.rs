//! The kernel of system calls, from outside: every call, killing at every yield, destructors that
//! panic, deadlocks.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use event_loop::{Clock, FakeClock};
use scheduler::system_calls::{End, Kernel, Stuck, Sys, TaskId};

type Log = Rc<RefCell<Vec<&'static str>>>;

/// Counts the calls that have begun and not ended.
struct Level(Rc<Cell<i32>>);

impl Level {
    fn new(levels: &Rc<Cell<i32>>) -> Level {
        levels.update(|levels| levels + 1);
        Level(Rc::clone(levels))
    }
}

impl Drop for Level {
    fn drop(&mut self) {
        self.0.update(|levels| levels - 1);
    }
}

#[test]
fn a_task_knows_itself_and_waits_for_its_child() {
    let log = Log::default();
    let mut kernel = Kernel::new();
    let seen = Rc::clone(&log);
    let parent = kernel.spawn("parent", |sys| async move {
        let me = sys.id().await;
        let log = Rc::clone(&seen);
        let child = sys.spawn("child", |sys| async move {
            assert!(sys.id().await > me);
            log.borrow_mut().push("child");
        });
        let child = child.await;
        assert_eq!(sys.wait(child).await, Some(End::Returned));
        assert_eq!(sys.wait(child).await, None);
        assert!(!sys.kill(child).await);
        seen.borrow_mut().push("parent");
    });
    assert!(kernel.tasks().eq([(parent, "parent")]));
    kernel.run().unwrap();
    assert_eq!(*log.borrow(), ["child", "parent"]);
}

/// Sleeps, waits, and makes nested calls: eight turns in all.
async fn victim(sys: Sys, levels: Rc<Cell<i32>>, other: TaskId) {
    let _level = Level::new(&levels);
    sys.yield_now().await;
    let inner = Rc::clone(&levels);
    sys.call(move |sys| async move {
        let _level = Level::new(&inner);
        sys.yield_now().await;
        let innermost = Rc::clone(&inner);
        sys.call(move |sys| async move {
            let _level = Level::new(&innermost);
            sys.id().await;
            sys.sleep(Duration::from_secs(1)).await;
        })
        .await;
        sys.yield_now().await;
    })
    .await;
    sys.wait(other).await;
    sys.yield_now().await;
}

#[test]
fn a_task_may_be_killed_at_every_yield() {
    let mut turns_seen = 0;
    for turns in 0.. {
        let clock = FakeClock::new();
        let mut kernel = Kernel::with_clock(clock.clone());
        let levels = Rc::new(Cell::new(0));
        let other = kernel.spawn("other", |sys| async move {
            sys.sleep(Duration::from_secs(2)).await;
        });
        let held = Rc::clone(&levels);
        let victim = kernel.spawn("victim", move |sys| victim(sys, held, other));
        let mut ended = None;
        for _ in 0..turns {
            clock.advance(Duration::from_secs(1));
            while let Some(turn) = kernel.turn() {
                if turn.task == victim {
                    ended = turn.end;
                    break;
                }
            }
        }
        assert_eq!(kernel.kill(victim), ended.is_none());
        assert_eq!(levels.get(), 0, "after {turns} turns");
        assert!(kernel.tasks().all(|(id, _)| id == other));
        if ended.is_some() {
            turns_seen = turns;
            break;
        }
    }
    assert_eq!(turns_seen, 8);
}

#[test]
fn killing_tells_those_who_wait_and_killing_oneself_is_an_end() {
    let mut kernel = Kernel::new();
    let suicide = kernel.spawn("suicide", |sys| async move {
        sys.yield_now().await;
        let me = sys.id().await;
        sys.kill(me).await;
        unreachable!("dead");
    });
    kernel.spawn("mourner", move |sys| async move {
        assert_eq!(sys.wait(suicide).await, Some(End::Killed));
    });
    kernel.run().unwrap();
}

#[test]
fn a_panic_costs_its_task_and_is_told() {
    let mut kernel = Kernel::new();
    let bad = kernel.spawn("bad", |sys| async move {
        sys.call(|_| async { panic!("expected") }).await
    });
    let told = Rc::new(Cell::new(None));
    let tell = Rc::clone(&told);
    kernel.spawn(
        "good",
        move |sys| async move { tell.set(sys.wait(bad).await) },
    );
    // Its turn comes first, so no task waits yet when it panics.
    assert!(catch_unwind(AssertUnwindSafe(|| kernel.run_ready())).is_err());
    kernel.run().unwrap();
    assert_eq!((told.get(), kernel.tasks().count()), (None, 0));
}

#[test]
fn sleepers_wake_in_the_order_of_their_time() {
    let clock = FakeClock::new();
    let mut kernel = Kernel::with_clock(clock.clone());
    let log = Log::default();
    for (name, seconds) in [("c", 3), ("a", 1), ("b", 2), ("never", u64::MAX)] {
        let log = Rc::clone(&log);
        kernel.spawn(name, move |sys| async move {
            sys.sleep(Duration::from_secs(seconds)).await;
            log.borrow_mut().push(name);
        });
    }
    kernel.run_ready();
    assert!(log.borrow().is_empty());
    clock.advance(Duration::from_secs(1));
    kernel.run_ready();
    assert_eq!(*log.borrow(), ["a"]);
    clock.advance(Duration::from_secs(5));
    kernel.run_ready();
    assert_eq!(*log.borrow(), ["a", "b", "c"]);
    let stuck = kernel.run().unwrap_err().to_string();
    assert_eq!(
        stuck,
        "deadlock: task 3 (never) sleeps by a clock that stands still"
    );
}

#[test]
fn those_who_wait_for_one_another_are_named() {
    let mut kernel = Kernel::new();
    let other = Rc::new(Cell::new(None));
    let named = Rc::clone(&other);
    let first = kernel.spawn("first", |sys| async move {
        if let Some(other) = named.get() {
            sys.wait(other).await;
        }
    });
    other.set(Some(kernel.spawn("second", move |sys| async move {
        sys.wait(first).await;
    })));
    let stuck = kernel.run().unwrap_err();
    assert_eq!(
        stuck.waits(),
        [
            "task 0 (first) waits for task 1 (second)",
            "task 1 (second) waits for task 0 (first)"
        ]
    );
}

#[test]
fn calls_within_calls_cost_no_stack_and_are_dropped_from_within() {
    const DEPTH: i32 = 100_000;
    async fn down(sys: Sys, levels: Rc<Cell<i32>>, left: i32) {
        let _level = Level::new(&levels);
        if left > 1 {
            sys.call(move |sys| down(sys, levels, left - 1)).await;
        } else {
            sys.yield_now().await;
        }
    }
    for killed in [false, true] {
        let mut kernel = Kernel::new();
        let levels = Rc::new(Cell::new(0));
        let held = Rc::clone(&levels);
        kernel.spawn("deep", move |sys| down(sys, held, DEPTH));
        kernel.turn().unwrap();
        assert_eq!(levels.get(), DEPTH);
        match killed {
            true => drop(kernel),
            false => kernel.run().unwrap(),
        }
        assert_eq!(levels.get(), 0);
    }
}

/// A clock on which waiting takes no time. It shows how long the wait would have been.
#[derive(Clone, Debug)]
struct Skips(Arc<Mutex<Instant>>);

impl Clock for Skips {
    fn now(&self) -> Instant {
        *self.0.lock().unwrap()
    }

    fn until(&self, moment: Instant) -> Option<Duration> {
        *self.0.lock().unwrap() = moment;
        Some(Duration::ZERO)
    }
}

#[test]
fn a_sleeper_that_was_killed_is_not_waited_for() {
    let start = Instant::now();
    let clock = Skips(Arc::new(Mutex::new(start)));
    let mut kernel = Kernel::with_clock(clock.clone());
    let sleeper = kernel.spawn("sleeper", |sys| async move {
        sys.sleep(Duration::from_secs(3600)).await;
    });
    let other = Rc::new(Cell::new(None));
    let second = Rc::clone(&other);
    let first = kernel.spawn("first", move |sys| async move {
        sys.sleep(Duration::from_secs(1)).await;
        sys.kill(sleeper).await;
        sys.wait(second.get().unwrap()).await;
    });
    other.set(Some(kernel.spawn("second", move |sys| async move {
        sys.wait(first).await;
    })));
    let stuck: Stuck = kernel.run().unwrap_err();
    assert_eq!(stuck.waits().len(), 2);
    assert_eq!(
        clock.now() - start,
        Duration::from_secs(1),
        "it is told at once"
    );
}

/// Panics when it is dropped.
struct Bad;

impl Drop for Bad {
    fn drop(&mut self) {
        panic!("expected");
    }
}

#[test]
fn a_destructor_that_panics_costs_its_own_task_only() {
    for itself in [false, true] {
        let mut kernel = Kernel::new();
        let log = Log::default();
        let killer = Rc::clone(&log);
        let victim = kernel.spawn("victim", move |sys| async move {
            let _bad = Bad;
            sys.yield_now().await;
            let me = sys.id().await;
            if itself {
                sys.kill(me).await;
            }
            sys.sleep(Duration::from_secs(3600)).await;
        });
        let waiter = Rc::clone(&log);
        kernel.spawn("waiter", move |sys| async move {
            assert_eq!(sys.wait(victim).await, Some(End::Panicked));
            waiter.borrow_mut().push("the waiter was told");
        });
        kernel.spawn("killer", move |sys| async move {
            for _ in 0..5 {
                sys.yield_now().await;
            }
            assert_eq!(sys.kill(victim).await, !itself);
            killer.borrow_mut().push("the killer went on");
        });
        let run = AssertUnwindSafe(|| kernel.run());
        assert!(catch_unwind(run).is_err(), "the panic is told");
        kernel.run().unwrap();
        assert_eq!(log.borrow().len(), 2, "{log:?}");
    }
}
