//! A trap: a call that blocks the thread of the operating system. All green threads share that
//! thread, so all stop. Look for: how long do three sleepers of 100 ms take? The cure: let the hub
//! wait.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::thread;
use std::time::{Duration, Instant};

const TIME: Duration = Duration::from_millis(100);

type Hub = Yielder<(), Instant>;

/// Runs three green threads. Each yields the moment until which it wants to sleep.
fn run(sleeper: fn(&Hub)) -> Duration {
    let start = Instant::now();
    let spawn = |_| (start, Coroutine::new(move |hub: &Hub, ()| sleeper(hub)));
    let mut sleeping: Vec<(Instant, Coroutine<(), Instant, ()>)> = (0..3).map(spawn).collect();
    while let Some(next) = (0..sleeping.len()).min_by_key(|&it| sleeping[it].0) {
        let (until, mut thread) = sleeping.swap_remove(next);
        thread::sleep(until.saturating_duration_since(Instant::now()));
        if let CoroutineResult::Yield(until) = thread.resume(()) {
            sleeping.push((until, thread));
        }
    }
    start.elapsed()
}

fn main() {
    let blocking = run(|_| thread::sleep(TIME));
    println!("thread::sleep: {blocking:.0?}");
    let friendly = run(|hub| hub.suspend(Instant::now() + TIME));
    println!("the hub sleeps: {friendly:.0?}");
}
