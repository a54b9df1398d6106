//! A trap: a page is marked as seen when it has been fetched, not when it is queued. While it is in flight
//! other pages that link to it queue it again. Look for: how many fetches for 50 pages?
//! The cure: mark it when it goes into the queue.

use std::collections::{HashSet, VecDeque};

const PAGES: u32 = 50;

/// Each page links to the next five.
fn links_of(page: u32) -> impl Iterator<Item = u32> {
    (page + 1..=page + 5).filter(|&link| link < PAGES)
}

/// Eight pages are in flight at once: they are taken from the queue before the first answer comes.
fn crawl(marks_early: bool) -> usize {
    let mut queue = VecDeque::from([0]);
    let mut seen = HashSet::new();
    let mut fetches = 0;
    while !queue.is_empty() {
        let taken = queue.drain(..queue.len().min(8));
        let in_flight: Vec<u32> = match marks_early {
            true => taken.collect(),
            false => taken.filter(|page| !seen.contains(page)).collect(),
        };
        for page in in_flight {
            fetches += 1;
            seen.insert(page);
            for link in links_of(page) {
                let is_new = match marks_early {
                    true => seen.insert(link),
                    false => !seen.contains(&link),
                };
                if is_new {
                    queue.push_back(link);
                }
            }
        }
    }
    fetches
}

fn main() {
    println!(
        "marked when fetched: {} fetches for {PAGES} pages",
        crawl(false)
    );
    println!(
        "marked when queued: {} fetches for {PAGES} pages",
        crawl(true)
    );
}
