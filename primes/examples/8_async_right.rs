//! The same count by async tasks, done right. `spawn_blocking` moves the computing to threads for
//! blocking work, and the tasks only wait for it. Compare with step 7: now the heartbeat is
//! regular.

use std::time::{Duration, Instant};
use tokio::task::spawn_blocking;
use tokio::time::sleep;

const LIMIT: u64 = 500_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

fn count(from: u64, to: u64) -> usize {
    (from..to).filter(|&number| is_prime(number)).count()
}

/// Should wake up every 5 ms. Prints the longest time between two beats.
async fn heartbeat() {
    let (mut last, mut longest) = (Instant::now(), Duration::ZERO);
    for _ in 0..5 {
        sleep(Duration::from_millis(5)).await;
        longest = longest.max(last.elapsed());
        last = Instant::now();
    }
    println!("  the heartbeat should come every 5 ms; the longest pause was {longest:.0?}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let start = Instant::now();
    let heart = tokio::spawn(heartbeat());
    let low = spawn_blocking(|| count(0, LIMIT / 2));
    let high = spawn_blocking(|| count(LIMIT / 2, LIMIT));
    let count = low.await.expect("no panic") + high.await.expect("no panic");
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
    heart.await.expect("no panic");
}
