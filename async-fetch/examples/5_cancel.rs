//! Time-out and cancellation: to cancel a future is to drop it. Its variables are dropped too.
//!
//!     cargo run --example async-fetch-5

use std::time::Duration;

use tokio::time::{sleep, timeout};

struct Connection(&'static str);

impl Drop for Connection {
    fn drop(&mut self) {
        println!("{}: connection closed", self.0);
    }
}

async fn fetch(name: &'static str) -> &'static str {
    let _connection = Connection(name);
    println!("{name}: connected");
    sleep(Duration::from_secs(3600)).await;
    println!("{name}: this line is never reached");
    name
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // The future is dropped where it waits, and its variables with it.
    let answer = timeout(Duration::from_millis(20), fetch("slow")).await;
    println!(
        "slow: {}",
        if answer.is_err() {
            "timed out"
        } else {
            "answered"
        }
    );
    // A task goes on when its handle is dropped. `abort` ends it.
    let task = tokio::spawn(fetch("task"));
    sleep(Duration::from_millis(20)).await;
    task.abort();
    let error = task.await.expect_err("it was aborted");
    println!("task: cancelled: {}", error.is_cancelled());
    // A future that was never polled has nothing to clean up.
    drop(fetch("never"));
    println!("never: did nothing at all");
}
