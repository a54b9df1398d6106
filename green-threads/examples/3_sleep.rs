//! Sleep: a green thread tells the hub how long it wants to sleep. When none is due, the hub
//! sleeps. A thousand sleepers need one thread of the operating system.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::thread;
use std::time::{Duration, Instant};

/// A green thread gives the hub the time that it wants to sleep.
type GreenThread = Coroutine<(), Duration, ()>;

#[derive(Default)]
struct Hub {
    threads: Vec<GreenThread>,
    /// When each green thread is due, and its number.
    due: BinaryHeap<Reverse<(Instant, usize)>>,
}

impl Hub {
    fn spawn(&mut self, function: impl FnOnce(&Yielder<(), Duration>) + 'static) {
        self.due.push(Reverse((Instant::now(), self.threads.len())));
        let thread = Coroutine::new(|yielder: &Yielder<(), Duration>, ()| function(yielder));
        self.threads.push(thread);
    }

    fn run(&mut self) {
        while let Some(Reverse((at, number))) = self.due.pop() {
            thread::sleep(at.saturating_duration_since(Instant::now()));
            if let CoroutineResult::Yield(time) = self.threads[number].resume(()) {
                self.due.push(Reverse((Instant::now() + time, number)));
            }
        }
    }
}

fn main() {
    let start = Instant::now();
    let mut hub = Hub::default();
    for number in 0..1000 {
        hub.spawn(move |hub| {
            hub.suspend(Duration::from_millis(50));
            hub.suspend(Duration::from_millis(50));
            if number % 250 == 0 {
                println!("sleeper {number} has slept twice, {:.0?}", start.elapsed());
            }
        });
    }
    hub.run();
    println!("1000 sleepers, {:.0?}", start.elapsed());
}
