//! A trap: a wait between check and act. Green threads need no lock as long as they do not
//! wait; in a wait another one runs. Look for: how much is left of 100 when three take 60 each? The
//! cure: check and act without a wait in between (or a lock of the hub).

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cell::Cell;
use std::collections::VecDeque;
use std::rc::Rc;

type Hub = Yielder<(), ()>;

/// Waits, for instance until a log line is written.
fn log(hub: &Hub) {
    hub.suspend(());
}

fn run(take: fn(&Hub, &Cell<i32>)) -> i32 {
    let account = Rc::new(Cell::new(100));
    let spawn = |_| {
        let account = Rc::clone(&account);
        Coroutine::new(move |hub: &Hub, ()| take(hub, &account))
    };
    let mut ready: VecDeque<Coroutine<(), (), ()>> = (0..3).map(spawn).collect();
    while let Some(mut thread) = ready.pop_front() {
        if let CoroutineResult::Yield(()) = thread.resume(()) {
            ready.push_back(thread);
        }
    }
    account.get()
}

fn main() {
    let wrong = run(|hub, account| {
        if account.get() >= 60 {
            log(hub); // The others run here, and check too.
            account.set(account.get() - 60);
        }
    });
    println!("a wait between check and act: {wrong} is left");
    let right = run(|hub, account| {
        if account.get() >= 60 {
            account.set(account.get() - 60);
            log(hub);
        }
    });
    println!("no wait in between: {right} is left");
}
