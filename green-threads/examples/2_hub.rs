//! A hub: it resumes one green thread after the other. Each reads as if it were the only one: no
//! `async`, no callbacks. gevent's hub works like this.

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
            if let CoroutineResult::Yield(()) = thread.resume(()) {
                self.ready.push_back(thread);
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
                hub.suspend(()); // The others run now.
            }
            println!("{name} is done");
        });
    }
    hub.run();
}
