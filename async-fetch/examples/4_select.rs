//! select: takes the first answer of several futures, and drops the others. A borrowed future is kept.
//!
//!     cargo run --example async-fetch-4

use std::pin::pin;
use std::time::Duration;

use tokio::time::{interval, sleep};

async fn ask(mirror: &str, milliseconds: u64) -> String {
    sleep(Duration::from_millis(milliseconds)).await;
    format!("{mirror} answered")
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let answer = tokio::select! {
        answer = ask("mirror a", 80) => answer,
        answer = ask("mirror b", 20) => answer,
    };
    println!("{answer}; the other was dropped");
    // A future that must go on is made outside of the loop, and borrowed. Inside, each turn would
    // start it anew.
    let mut download = pin!(ask("the long one", 100));
    let mut ticks = interval(Duration::from_millis(30));
    loop {
        tokio::select! {
            answer = &mut download => {
                println!("{answer}");
                break;
            }
            _ = ticks.tick() => println!("still waiting"),
        }
    }
}
