//! A frontier that ends: several workers take pages from one queue and put new ones in. An empty queue is not
//! the end: a worker may be about to add pages. At the end the queue is empty and no worker is busy.

use std::collections::HashSet;
use std::sync::{Condvar, Mutex};

#[derive(Default)]
struct Frontier {
    todo: Vec<usize>,
    seen: HashSet<usize>,
    at_work: usize,
}

/// Stands for: fetch the page, and read its links. The site has 100 pages.
fn links_of(page: usize) -> impl Iterator<Item = usize> {
    (3 * page + 1..=3 * page + 3).filter(|&link| link < 100)
}

/// What each worker does.
fn work(frontier: &Mutex<Frontier>, changed: &Condvar) {
    loop {
        let state = frontier.lock().expect("no panic");
        let wait = |it: &mut Frontier| it.todo.is_empty() && it.at_work > 0;
        let mut state = changed.wait_while(state, wait).expect("no panic");
        let Some(page) = state.todo.pop() else { return };
        state.at_work += 1;
        drop(state); // Unlocks: the others work while this worker fetches.
        let links = links_of(page);
        let state = &mut *frontier.lock().expect("no panic");
        let new = links.filter(|&link| state.seen.insert(link));
        state.todo.extend(new);
        state.at_work -= 1;
        changed.notify_all();
    }
}

fn main() {
    let mut start = Frontier::default();
    start.todo.push(0);
    start.seen.insert(0);
    let (frontier, changed) = (Mutex::new(start), Condvar::new());
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| work(&frontier, &changed));
        }
    });
    let seen = frontier.into_inner().expect("no panic").seen;
    println!("{} pages", seen.len());
}
