//! Blocking code in async, and its cure: a thread made for it.
//!
//!     cargo run --example async-fetch-6

use std::thread;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// As it could be anything that does not await: a password's hash, a big file, an old library.
fn work() {
    thread::sleep(Duration::from_millis(200));
}

/// The longest that a neighbour had to wait beyond what it asked for.
async fn heartbeat() -> Duration {
    let mut longest = Duration::ZERO;
    for _ in 0..30 {
        let start = Instant::now();
        sleep(Duration::from_millis(10)).await;
        longest = longest.max(start.elapsed());
    }
    longest
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), tokio::task::JoinError> {
    let (longest, ()) = tokio::join!(heartbeat(), async { work() });
    println!("in a task: the heart stood still for {longest:?}");
    let (longest, done) = tokio::join!(heartbeat(), spawn_blocking(work));
    done?;
    println!("on a thread of its own: {longest:?}");
    Ok(())
}
