//! Limits: a site may be endless (a calendar always has a next month), so a crawl has a largest depth and a
//! largest number of pages. The links that a limit leaves out are counted and printed.

use std::collections::{HashSet, VecDeque};

/// Stands for a fetched page of an endless site: each has two links.
fn links_of(page: u64) -> [u64; 2] {
    [2 * page + 1, 2 * page + 2]
}

struct Limits {
    depth: u32,
    pages: usize,
}

fn crawl(limits: &Limits) {
    let mut queue = VecDeque::from([(0, 0)]);
    let mut seen = HashSet::from([0]);
    let (mut fetched, mut too_deep) = (0, 0);
    while let Some((page, depth)) = queue.pop_front() {
        if fetched == limits.pages {
            queue.push_front((page, depth));
            break;
        }
        fetched += 1;
        for link in links_of(page) {
            if depth == limits.depth {
                too_deep += 1;
            } else if seen.insert(link) {
                queue.push_back((link, depth + 1));
            }
        }
    }
    println!(
        "at most {} pages, depth at most {}:",
        limits.pages, limits.depth
    );
    println!("  fetched {fetched}; not followed: {too_deep} links too deep");
    println!(
        "  {} pages were known and not fetched: too many",
        queue.len()
    );
}

fn main() {
    crawl(&Limits {
        depth: 3,
        pages: 1000,
    });
    crawl(&Limits {
        depth: 9,
        pages: 100,
    });
}
