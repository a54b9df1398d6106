//! Blocking code in async, and its cure: another thread.
//!
//!     cargo run --example async-fetch-6

use std::thread;
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::sleep;

/// Stands for code that does not await: the hash of a password, a big file, an old library.
fn work() {
    thread::sleep(Duration::from_millis(200));
}

/// Sleeps 10 ms, again and again. Returns the longest of these sleeps.
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
