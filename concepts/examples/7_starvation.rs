//! Starvation: nothing is stuck, and yet one thread hardly gets its turn. A greedy thread takes an
//! ordinary lock again as soon as it has released it.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

/// Holds the lock for 100 µs of work.
fn work() {
    let start = Instant::now();
    while start.elapsed() < Duration::from_micros(100) {
        std::hint::spin_loop();
    }
}

/// Two threads want the same lock for a third of a second: how often did each have it?
fn turns(with_lock: impl Fn(&dyn Fn()) + Sync) -> [u64; 2] {
    let counts = [AtomicU64::new(0), AtomicU64::new(0)];
    let over = AtomicBool::new(false);
    thread::scope(|scope| {
        for count in &counts {
            let (over, with_lock) = (&over, &with_lock);
            scope.spawn(move || {
                while !over.load(Relaxed) {
                    with_lock(&work);
                    count.fetch_add(1, Relaxed);
                }
            });
        }
        thread::sleep(Duration::from_millis(330));
        over.store(true, Relaxed);
    });
    counts.map(AtomicU64::into_inner)
}

fn main() {
    let unfair = Mutex::new(());
    let unfair = turns(|work| {
        let _held = unfair.lock().unwrap_or_else(PoisonError::into_inner);
        work();
    });
    println!("ordinary lock: {unfair:?} turns");

    // The cure: numbered tickets. Each turn belongs to the ticket that was drawn first.
    let (tickets, next_turn) = (Mutex::new((0_u64, 0_u64)), Condvar::new());
    let fair = turns(|work| {
        let mut state = tickets.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = state.0;
        state.0 += 1;
        drop(next_turn.wait_while(state, |(_, serving)| *serving != mine));
        work();
        tickets.lock().unwrap_or_else(PoisonError::into_inner).1 += 1;
        next_turn.notify_all();
    });
    println!("fair lock:     {fair:?} turns");
}
