//! Tasks and JoinSet: three tasks, a source, a prime filter and a square mapper, with two queues between
//! them.
//!
//!     cargo run --example async-fetch-3

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

fn is_prime(n: u64) -> bool {
    n > 1 && (2..).take_while(|d| d * d <= n).all(|d| n % d != 0)
}

async fn prime_filter(mut numbers: Receiver<u64>, primes: Sender<u64>) -> String {
    while let Some(n) = numbers.recv().await {
        if is_prime(n) && primes.send(n).await.is_err() {
            break;
        }
    }
    "prime filter".to_owned()
}

async fn square_mapper(mut primes: Receiver<u64>) -> String {
    while let Some(p) = primes.recv().await {
        println!("{p} squared is {}", p * p);
    }
    "square mapper".to_owned()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tokio::task::JoinError> {
    // Each queue holds four numbers: a task that is too fast waits.
    let (numbers, to_filter) = channel(4);
    let (primes, to_square) = channel(4);
    let mut tasks = JoinSet::new();
    tasks.spawn(prime_filter(to_filter, primes));
    tasks.spawn(square_mapper(to_square));
    tasks.spawn(async move {
        for n in 0..30 {
            if numbers.send(n).await.is_err() {
                break;
            }
        }
        // Here its sender is dropped. So the filter ends, then the mapper.
        "source".to_owned()
    });
    while let Some(name) = tasks.join_next().await {
        println!("done: {}", name?);
    }
    Ok(())
}
