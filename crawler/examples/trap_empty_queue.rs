//! A trap: an empty queue taken for the end. One worker fetches the first page; the others see an empty
//! queue and leave. One worker is left for all pages. Look for: how many workers took part?
//! The cure: a worker that is at work may still add pages, so wait for it (step 2).

use std::collections::HashSet;
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

#[derive(Default)]
struct State {
    queue: Vec<u32>,
    at_work: usize,
    fetched: usize,
    workers: HashSet<usize>,
}

/// Takes 2 ms, and has two links while the numbers are small.
fn links_of(page: u32) -> Vec<u32> {
    thread::sleep(Duration::from_millis(2));
    let links = [2 * page + 1, 2 * page + 2];
    links.into_iter().filter(|&link| link < 60).collect()
}

fn crawl(waits: bool) -> State {
    let (state, changed) = (Mutex::<State>::default(), Condvar::new());
    state.lock().expect("no panic").queue.push(0);
    let work = |worker: usize| {
        loop {
            let guard = state.lock().expect("no panic");
            let wait = |state: &mut State| waits && state.queue.is_empty() && state.at_work > 0;
            let mut guard = changed.wait_while(guard, wait).expect("no panic");
            let Some(page) = guard.queue.pop() else {
                return;
            };
            guard.at_work += 1;
            guard.workers.insert(worker);
            drop(guard);
            let links = links_of(page);
            let mut guard = state.lock().expect("no panic");
            guard.queue.extend(links);
            guard.at_work -= 1;
            guard.fetched += 1;
            changed.notify_all();
        }
    };
    thread::scope(|scope| (0..4).for_each(|it| drop(scope.spawn(move || work(it)))));
    state.into_inner().expect("no panic")
}

fn main() {
    for (name, waits) in [
        ("leaves at an empty queue", false),
        ("waits for those at work", true),
    ] {
        let end = crawl(waits);
        println!(
            "{name}: {} pages by {} workers",
            end.fetched,
            end.workers.len()
        );
    }
}
