//! The same count with a queue of small pieces. A worker that has finished a piece takes the next
//! one, so all workers are busy until the end. The queue is a channel of crossbeam, which allows
//! several receivers.

use std::thread;
use std::time::Instant;

const LIMIT: u64 = 500_000;
const PIECE: u64 = 5_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

fn main() {
    let start = Instant::now();
    let workers = thread::available_parallelism().map_or(1, |cpus| cpus.get());
    // Bounded: `send` waits while the queue is full.
    let (sender, pieces) = crossbeam_channel::bounded(2 * workers);
    let threads: Vec<_> = (0..workers)
        .map(|worker| {
            let pieces = pieces.clone();
            thread::spawn(move || {
                let (mut count, mut taken) = (0, 0);
                // Ends when the queue is empty and no sender is left.
                for first in pieces {
                    let piece = first..LIMIT.min(first + PIECE);
                    count += piece.filter(|&number| is_prime(number)).count();
                    taken += 1;
                }
                println!(
                    "  worker {worker}: {taken} pieces, done after {:.0?}",
                    start.elapsed()
                );
                count
            })
        })
        .collect();
    for first in (0..LIMIT).step_by(PIECE as usize) {
        sender
            .send(first)
            .expect("the workers live as long as the queue");
    }
    drop(sender);
    let counts = threads
        .into_iter()
        .map(|thread| thread.join().expect("no panic"));
    let count: usize = counts.sum();
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
}
