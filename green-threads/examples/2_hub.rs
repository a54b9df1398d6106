//! A hub: it resumes one green thread after the other. Their code looks as if each were alone: no `async`, no
//! callbacks. gevent's hub is this.

use corosensei::{Coroutine, CoroutineResult, Yielder};
use std::collections::VecDeque;

type GreenThread = Coroutine<(), (), ()>;

#[derive(Default)]
struct Hub {
    ready: VecDeque<GreenThread>,
}

impl Hub {
    fn spawn(&mut self, function: impl FnOnce(&Yielder<(), ()>) + 'static) {
        let thread = Coroutine::new(|yielder: &Yielder<(), ()>, ()| function(yielder));
        self.ready.push_back(thread);
    }

    fn run(&mut self) {
        while let Some(mut thread) = self.ready.pop_front() {
            match thread.resume(()) {
                CoroutineResult::Yield(()) => self.ready.push_back(thread),
                CoroutineResult::Return(()) => {}
            }
        }
    }
}

fn main() {
    let mut hub = Hub::default();
    for (name, from) in [("tea", 3), ("egg", 2)] {
        hub.spawn(move |hub| {
            for left in (1..=from).rev() {
                println!("{name}: {left}");
                hub.suspend(()); // The others' turn.
            }
            println!("{name} is done");
        });
    }
    hub.run();
}
