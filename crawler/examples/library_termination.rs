//! When is a crawl over? When the queue is empty and nothing is in flight, at the same moment.
//!
//! cargo run --release -p crawler --example termination

use crawler::frontier::{Frontier, Work};

/// A made-up site: page n links to 2n and 2n + 1, up to 1000.
struct Pages(Vec<u32>);

impl Work for Pages {
    type Job = u32;

    fn next(&mut self, _in_flight: usize) -> Option<u32> {
        self.0.pop()
    }
}

fn main() {
    let frontier = Frontier::new(Pages(vec![1]));
    let counts: Vec<u32> = std::thread::scope(|scope| {
        let work = || {
            let mut count = 0;
            // Waits while there is nothing to do but may be; ends when there will be nothing more.
            while let Some(page) = frontier.take() {
                count += 1;
                let links = [2 * page, 2 * page + 1]
                    .into_iter()
                    .filter(|link| *link <= 1000);
                frontier.complete(|pages| pages.0.extend(links));
            }
            count
        };
        let workers: Vec<_> = (0..4).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().filter_map(|worker| worker.join().ok());
        joined.collect()
    });
    println!(
        "{} pages, by worker: {counts:?}",
        counts.iter().sum::<u32>()
    );
}
