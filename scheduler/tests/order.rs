//! The order in which tasks run is asyncio's: CPython runs `tests/world/order.py`, and gives the
//! order.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::future::pending;
use std::process::Command;
use std::rc::Rc;

use scheduler::executor::{Executor, TaskGroup, spawn, yield_now};
use scheduler::sync::{Condition, Event, Lock, Semaphore};

type Log = Rc<RefCell<Vec<String>>>;

/// Runs a scenario. Returns a line: its name and its log.
fn line<F: Future<Output = ()>>(name: &str, scenario: impl FnOnce(Log) -> F) -> String {
    let log = Log::default();
    let executor = Executor::new().unwrap();
    executor.block_on(scenario(Rc::clone(&log)));
    executor.run().unwrap();
    let log = log.take();
    format!("{name} {}\n", log.join(" "))
}

fn note(log: &Log, what: impl ToString) {
    log.borrow_mut().push(what.to_string());
}

async fn lock(log: Log) {
    let lock = Lock::new(());
    for n in 0..5 {
        let (lock, log) = (lock.clone(), Rc::clone(&log));
        drop(spawn(async move {
            for turn in 0..2 {
                let _guard = lock.lock().await;
                note(&log, format!("{n}.{turn}"));
                yield_now().await;
            }
        }));
    }
}

async fn semaphore(log: Log) {
    let semaphore = Semaphore::new(2);
    for n in 0..7 {
        let (semaphore, log) = (semaphore.clone(), Rc::clone(&log));
        drop(spawn(async move {
            let _permit = semaphore.acquire(1).await;
            note(&log, format!("+{n}"));
            for _ in 0..n % 3 + 1 {
                yield_now().await;
            }
            note(&log, format!("-{n}"));
        }));
    }
}

async fn event(log: Log) {
    let event = Event::new();
    for n in 0..3 {
        let (event, log) = (event.clone(), Rc::clone(&log));
        drop(spawn(async move {
            event.wait().await;
            note(&log, n);
        }));
    }
    drop(spawn(async move {
        note(&log, "set");
        event.set();
        event.clear();
    }));
}

async fn condition(log: Log) {
    let (lock, condition) = (Lock::new(()), Condition::new());
    for n in 0..5 {
        let (lock, condition, log) = (lock.clone(), condition.clone(), Rc::clone(&log));
        drop(spawn(async move {
            let guard = lock.lock().await;
            let _guard = condition.wait(guard).await;
            note(&log, n);
        }));
    }
    drop(spawn(async move {
        let guard = lock.lock().await;
        note(&log, "two");
        condition.notify_one();
        condition.notify_one();
        drop(guard);
        for _ in 0..9 {
            yield_now().await;
        }
        let _guard = lock.lock().await;
        note(&log, "all");
        condition.notify_all();
    }));
}

async fn cancelled(log: Log) {
    let lock = Lock::new(());
    let held = lock.lock().await;
    let tasks: Vec<_> = (0..4)
        .map(|n| {
            let (lock, log) = (lock.clone(), Rc::clone(&log));
            spawn(async move {
                let _guard = lock.lock().await;
                note(&log, n);
            })
        })
        .collect();
    yield_now().await;
    tasks[1].abort();
    drop(held);
    tasks[0].abort();
    let mut results = Vec::new();
    for task in tasks {
        results.push(if task.await.is_err() {
            "cancelled"
        } else {
            "done"
        });
    }
    results.into_iter().for_each(|result| note(&log, result));
}

async fn group(log: Log) {
    struct CleansUp(Log);

    impl Drop for CleansUp {
        fn drop(&mut self) {
            note(&self.0, "cleaned up");
        }
    }

    let endless = || {
        let cleans_up = CleansUp(Rc::clone(&log));
        async move {
            let _cleans_up = cleans_up;
            pending::<Result<(), ()>>().await
        }
    };
    let failing = Rc::clone(&log);
    let mut group = TaskGroup::new();
    group.spawn(endless());
    group.spawn(async move {
        yield_now().await;
        note(&failing, "fails");
        Err(())
    });
    group.spawn(endless());
    let errors = i32::from(group.join_all().await.is_err());
    note(&log, errors);
}

#[test]
fn tasks_go_on_in_the_order_of_asyncio() {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/world/order.py");
    // TaskGroup came with CPython 3.11.
    let asked = Command::new("python3").arg(script).output();
    let asked = asked.ok().filter(|output| output.status.success());
    let Some(asked) = asked else {
        assert!(
            std::env::var_os("CI").is_none(),
            "python3 3.11 is missing in CI"
        );
        eprintln!("skipped: python3 3.11 is not installed");
        return;
    };
    let ours = [
        line("lock", lock),
        line("semaphore", semaphore),
        line("event", event),
        line("condition", condition),
        line("cancelled", cancelled),
        line("group", group),
    ];
    assert_eq!(ours.concat(), String::from_utf8_lossy(&asked.stdout));
}
