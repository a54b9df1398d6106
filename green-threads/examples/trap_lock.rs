//! A trap: a lock of the system held over a wait. Another green thread that wants the lock blocks
//! the thread. So the one that holds the lock never runs and never unlocks it. Look for: "deadlock"
//! (the program uses `try_lock`, or it would hang). The cure: a lock that lets the others run while
//! it waits.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::collections::VecDeque;
use std::rc::Rc;
use std::sync::Mutex;

type Hub = Yielder<(), ()>;

fn run(second: fn(&Hub, &Mutex<i32>)) {
    let mutex = Rc::new(Mutex::new(0));
    let (one, two) = (Rc::clone(&mutex), mutex);
    let first = Coroutine::new(move |hub: &Hub, ()| {
        let mut guard = one.lock().expect("no panic");
        hub.suspend(()); // A wait with the lock held.
        *guard += 1;
    });
    let second = Coroutine::new(move |hub: &Hub, ()| second(hub, &two));
    let mut ready: VecDeque<Coroutine<(), (), ()>> = VecDeque::from([first, second]);
    while let Some(mut thread) = ready.pop_front() {
        if let CoroutineResult::Yield(()) = thread.resume(()) {
            ready.push_back(thread);
        }
    }
}

fn main() {
    run(|_, mutex| match mutex.try_lock() {
        Ok(guard) => println!("locked: {guard}"),
        Err(_) => println!("a lock of the system: here `lock` would be a deadlock"),
    });
    run(|hub, mutex| {
        let guard = loop {
            match mutex.try_lock() {
                Ok(guard) => break guard,
                Err(_) => hub.suspend(()), // The other one runs, and unlocks.
            }
        };
        println!("a lock that lets the others run: locked, the value is {guard}");
    });
}
