//! Semaphores and back pressure: a limit on the pages in flight. The source of pages has to wait.
//!
//!     cargo run --example async-fetch-7

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let places = Arc::new(Semaphore::new(3));
    let in_flight = Arc::new(AtomicUsize::new(0));
    let mut tasks = JoinSet::new();
    for page in 0..9 {
        // The permit is taken before the task is made. So there are never more than three tasks, for a
        // list of any length. A permit taken inside the task would limit the work, not the memory.
        let place = Arc::clone(&places).acquire_owned().await?;
        let in_flight = Arc::clone(&in_flight);
        tasks.spawn(async move {
            let now = in_flight.fetch_add(1, Ordering::Relaxed) + 1;
            println!("page {page}: {now} in flight");
            tokio::time::sleep(Duration::from_millis(20)).await;
            in_flight.fetch_sub(1, Ordering::Relaxed);
            // The permit is returned here; after a panic or a cancellation too.
            drop(place);
        });
    }
    while let Some(done) = tasks.join_next().await {
        done?;
    }
    Ok(())
}
