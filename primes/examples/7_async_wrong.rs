//! The same count by async tasks, done wrong. `async` makes nothing parallel. A task runs until its
//! next `.await`, and work that computes has none. So everything else waits, also the heartbeat.

use std::time::{Duration, Instant};
use tokio::time::sleep;

const LIMIT: u64 = 500_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

async fn count(from: u64, to: u64) -> usize {
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
    let low = tokio::spawn(count(0, LIMIT / 2));
    let high = tokio::spawn(count(LIMIT / 2, LIMIT));
    let count = low.await.expect("no panic") + high.await.expect("no panic");
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
    heart.await.expect("no panic");
}
