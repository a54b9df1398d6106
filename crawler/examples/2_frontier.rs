//! A frontier that ends: several workers take pages from one queue and put new ones in. An empty queue is not
//! the end: a worker may be about to add pages. At the end the queue is empty and no worker is busy.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex};

#[derive(Default)]
struct Frontier {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    queue: Vec<usize>,
    seen: HashSet<usize>,
    at_work: usize,
}

impl Frontier {
    fn add(&self, pages: impl IntoIterator<Item = usize>) {
        let mut state = self.state.lock().expect("no panic");
        let State { queue, seen, .. } = &mut *state;
        queue.extend(pages.into_iter().filter(|&page| seen.insert(page)));
        self.changed.notify_all();
    }

    /// The next page; None at the end. A worker that took one calls `done` after it has added the links.
    fn take(&self) -> Option<usize> {
        let state = self.state.lock().expect("no panic");
        let wait = |state: &mut State| state.queue.is_empty() && state.at_work > 0;
        let mut state = self.changed.wait_while(state, wait).expect("no panic");
        state.at_work += usize::from(!state.queue.is_empty());
        state.queue.pop()
    }

    fn done(&self) {
        self.state.lock().expect("no panic").at_work -= 1;
        self.changed.notify_all();
    }
}

fn main() {
    let frontier = Frontier::default();
    frontier.add([0]);
    let work = || {
        while let Some(page) = frontier.take() {
            // Stands for: fetch the page, and read its links. The site has 100 pages.
            frontier.add((3 * page + 1..=3 * page + 3).filter(|&link| link < 100));
            frontier.done();
        }
    };
    std::thread::scope(|scope| (0..4).for_each(|_| drop(scope.spawn(work))));
    let seen = frontier.state.into_inner().expect("no panic").seen;
    println!("{} pages", seen.len());
}
