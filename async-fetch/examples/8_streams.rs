//! Streams: iterators that may wait. The list of pages is endless, and four pages are in flight at most.
//!
//!     cargo run --example async-fetch-8

use std::time::Duration;

use futures_util::{StreamExt, stream};
use tokio::time::sleep;

async fn page(number: u64) -> (u64, usize) {
    sleep(Duration::from_millis(10 + number * 7 % 20)).await;
    (number, "x".repeat(number as usize % 5).len())
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // A stream makes nothing before it is asked. So `take` can end an endless one.
    let pages = stream::iter(0..).map(page).buffer_unordered(4);
    let mut long = pages
        .filter(|(_, length)| std::future::ready(*length > 2))
        .take(6);
    while let Some((number, length)) = long.next().await {
        println!("page {number}: {length} bytes");
    }
    // The same, with the answers in the order of the questions.
    let ordered: Vec<u64> = stream::iter(0..8)
        .map(page)
        .buffered(4)
        .map(|it| it.0)
        .collect()
        .await;
    println!("{ordered:?}");
}
