//! A deadlock: each of two threads holds a lock that the other needs. Then the cure: one order for all.

use std::sync::{Barrier, Mutex, PoisonError, TryLockError};
use std::thread;

fn main() {
    let (brush, ladder) = (Mutex::new("brush"), Mutex::new("ladder"));
    let both_hold_one = Barrier::new(2);
    let both_have_tried = Barrier::new(2);

    // Ann takes the brush and then wants the ladder. Ben takes the ladder and then wants the brush. A
    // real program would call `lock` here and wait for ever; this one only tries, and reports.
    let stuck = |first: &Mutex<&str>, second: &Mutex<&str>| {
        let _held = first.lock().unwrap_or_else(PoisonError::into_inner);
        both_hold_one.wait();
        let stuck = matches!(second.try_lock(), Err(TryLockError::WouldBlock));
        both_have_tried.wait();
        stuck
    };
    let [ann, ben] = thread::scope(|scope| {
        let ann = scope.spawn(|| stuck(&brush, &ladder));
        let ben = scope.spawn(|| stuck(&ladder, &brush));
        [ann, ben].map(|painter| painter.join().unwrap_or(false))
    });
    println!("different orders: Ann has to wait: {ann}, Ben has to wait: {ben}");
    println!("each waits for the other: a deadlock: {}", ann && ben);

    // The cure: every thread locks in the same order. The thread with the brush gets the ladder sooner or
    // later, because no thread that holds the ladder waits for the brush.
    let work = || {
        for _ in 0..10_000 {
            let _brush = brush.lock().unwrap_or_else(PoisonError::into_inner);
            let _ladder = ladder.lock().unwrap_or_else(PoisonError::into_inner);
        }
    };
    thread::scope(|scope| {
        scope.spawn(work);
        scope.spawn(work);
    });
    println!("one order: both painted 10000 times and are done");
}
