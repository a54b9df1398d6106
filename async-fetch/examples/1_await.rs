//! async fn and await: nothing happens before the future is awaited.
//!
//!     cargo run --example async-fetch-1

use std::time::Duration;

async fn fetch(name: &str) -> String {
    println!("{name}: asked");
    tokio::time::sleep(Duration::from_millis(50)).await;
    println!("{name}: answered");
    format!("the page {name}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let first = fetch("first");
    let second = fetch("second");
    println!("two futures made, and nothing asked yet");
    // One after the other: the second begins when the first has ended.
    println!("{}", second.await);
    println!("{}", first.await);
    // Together, on one thread: while one waits, the other goes on.
    let (third, fourth) = tokio::join!(fetch("third"), fetch("fourth"));
    println!("{third}, {fourth}");
}
