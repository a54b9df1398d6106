//! Timers: "call this later". A heap orders them by time, and the loop sleeps until the earliest
//! one is due. (With sockets, the loop passes this time to `poll` as its time-out.)

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::thread;
use std::time::{Duration, Instant};

type Callback = Box<dyn FnOnce(&mut Reactor)>;

#[derive(Default)]
struct Reactor {
    /// When each timer is due, and its key. Keys count up and are never used again, so an old key
    /// cannot cancel another timer.
    due: BinaryHeap<Reverse<(Instant, u64)>>,
    callbacks: BTreeMap<u64, Callback>,
    next_key: u64,
}

impl Reactor {
    fn call_later(
        &mut self,
        delay: Duration,
        callback: impl FnOnce(&mut Reactor) + 'static,
    ) -> u64 {
        let key = self.next_key;
        self.next_key += 1;
        self.due.push(Reverse((Instant::now() + delay, key)));
        self.callbacks.insert(key, Box::new(callback));
        key
    }

    fn cancel(&mut self, key: u64) -> bool {
        self.callbacks.remove(&key).is_some() // The heap's entry is skipped when it is due.
    }

    fn run(&mut self) {
        while let Some(Reverse((at, key))) = self.due.pop() {
            if let Some(callback) = self.callbacks.remove(&key) {
                thread::sleep(at.saturating_duration_since(Instant::now()));
                callback(self);
            }
        }
    }
}

fn main() {
    let ms = Duration::from_millis;
    let start = Instant::now();
    let mut reactor = Reactor::default();
    reactor.call_later(ms(60), move |_| println!("second, {:.0?}", start.elapsed()));
    reactor.call_later(ms(30), move |reactor| {
        println!("first, {:.0?}", start.elapsed());
        reactor.call_later(ms(60), move |_| println!("third, {:.0?}", start.elapsed()));
    });
    let never = reactor.call_later(ms(40), |_| println!("this is not printed"));
    println!("cancelled: {}", reactor.cancel(never));
    reactor.run();
}
