//! async waits, rayon computes: nothing that takes long runs on the thread that waits. A semaphore
//! limits the pages that are under way or not read yet.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;

/// Stands for a page that takes 20 ms to come.
async fn fetch(page: u64) -> Vec<u64> {
    tokio::time::sleep(Duration::from_millis(20)).await;
    (0..100_000).map(|n| n ^ page).collect()
}

/// Stands for reading a page, which computes: counts its one-bits.
fn read(body: &[u64]) -> u64 {
    body.iter().map(|n| u64::from(n.count_ones())).sum()
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let room = Arc::new(Semaphore::new(64));
    let mut pages = JoinSet::new();
    for page in 0..200 {
        let place = Arc::clone(&room).acquire_owned().await?;
        pages.spawn(async move {
            let body = fetch(page).await;
            let (answer, answered) = oneshot::channel();
            rayon::spawn(move || {
                // It fails if the program ends early: then no task waits for the answer.
                let _ = answer.send(read(&body));
                drop(place);
            });
            answered.await
        });
    }
    let mut sum = 0;
    while let Some(read) = pages.join_next().await {
        sum += read??;
    }
    println!("{sum} bits in 200 pages");
    Ok(())
}
