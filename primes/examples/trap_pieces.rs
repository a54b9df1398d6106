//! A trap: pieces that are too small. Each piece has a cost: here an atomic operation on a counter
//! that both CPUs use. With one number per piece, that costs more than the work. The cure is larger
//! pieces. Look for: which size is fastest?

use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Instant;

const LIMIT: u64 = 20_000_000;

/// Work that takes one or two nanoseconds.
fn is_odd_one_out(number: u64) -> bool {
    number % 7 == 3
}

fn count(piece: u64) -> usize {
    let next = AtomicU64::new(0);
    let work = || {
        let mut count = 0;
        loop {
            let first = piece * next.fetch_add(1, Ordering::Relaxed);
            if first >= LIMIT {
                return count;
            }
            let numbers = first..LIMIT.min(first + piece);
            count += numbers.filter(|&number| is_odd_one_out(number)).count();
        }
    };
    thread::scope(|scope| {
        let (one, two) = (scope.spawn(work), scope.spawn(work));
        one.join().expect("no panic") + two.join().expect("no panic")
    })
}

fn main() {
    for piece in [1, 100, 10_000] {
        let start = Instant::now();
        let found = count(piece);
        println!("pieces of {piece}: {found} found, {:.0?}", start.elapsed());
    }
}
