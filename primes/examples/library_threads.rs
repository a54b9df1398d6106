//! Threads that take work from one queue.
//! Run it: `cargo run --release -p primes --example threads`

use std::thread;

use primes::trial_division::is_prime;

fn main() {
    let workers = thread::available_parallelism().map_or(1, |n| n.get());
    // Bounded: a fast producer waits for the workers.
    let (queue, numbers) = crossbeam_channel::bounded(16);
    let (answers, found) = crossbeam_channel::unbounded();
    thread::scope(|scope| {
        for _ in 0..workers {
            let (numbers, answers) = (numbers.clone(), answers.clone());
            scope.spawn(move || {
                // Ends when the queue is closed and empty.
                for n in numbers {
                    let _ = answers.send((n, is_prime(n)));
                }
            });
        }
        drop((numbers, answers));
        for n in 1_000_000_000_000..1_000_000_000_100_u64 {
            if queue.send(n).is_err() {
                break;
            }
        }
        drop(queue);
    });
    let primes: Vec<u64> = found
        .iter()
        .filter(|&(_, prime)| prime)
        .map(|(n, _)| n)
        .collect();
    println!("{} primes: {primes:?}", primes.len());
}
