//! Gather, or as completed: the same futures, with the answers in order, or as they come.
//!
//!     cargo run --example async-fetch-2

use std::time::Duration;

use futures_util::StreamExt;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;

async fn page(number: u64) -> u64 {
    tokio::time::sleep(Duration::from_millis(60 - 20 * number)).await;
    number
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // Waits for the slowest one. The answers are in the order of the questions.
    println!("gathered: {:?}", join_all((0..3).map(page)).await);
    // Returns each answer as soon as it has come.
    let mut pages: FuturesUnordered<_> = (0..3).map(page).collect();
    while let Some(number) = pages.next().await {
        println!("completed: {number}");
    }
}
