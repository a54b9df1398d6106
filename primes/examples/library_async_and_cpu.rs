//! An async program that also computes: each computation runs on a blocking thread, and a semaphore
//! limits them to the number of cores.
//! Run it: `cargo run --release -p primes --example async_and_cpu`

use std::sync::Arc;
use std::thread;

use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};

use primes::trial_division::is_prime;

async fn check(n: u64, cores: Arc<Semaphore>) -> Option<u64> {
    // tokio would start up to 512 blocking threads.
    let _core = cores.acquire().await.ok()?;
    let prime = spawn_blocking(move || is_prime(n)).await.ok()?;
    prime.then_some(n)
}

fn main() -> std::io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let cores = thread::available_parallelism()?.get();
    let mut primes = runtime.block_on(async {
        let cores = Arc::new(Semaphore::new(cores));
        let numbers = 1_000_000_000_000..1_000_000_000_100;
        let tasks: JoinSet<_> = numbers.map(|n| check(n, Arc::clone(&cores))).collect();
        tasks
            .join_all()
            .await
            .into_iter()
            .flatten()
            .collect::<Vec<u64>>()
    });
    primes.sort_unstable();
    println!("{} primes: {primes:?}", primes.len());
    Ok(())
}
