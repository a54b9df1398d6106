//! Structured concurrency: no task outlives the function that started it.
//!
//!     cargo run --example async-fetch-9

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

struct Note(u64);

impl Drop for Note {
    fn drop(&mut self) {
        println!("page {}: over", self.0);
    }
}

async fn page(number: u64) -> Result<u64, String> {
    let _note = Note(number);
    sleep(Duration::from_millis(20 * number)).await;
    if number == 2 {
        return Err(format!("page {number}: no such page"));
    }
    Ok(number)
}

/// All pages or none: after the first failure the other tasks are cancelled. They are also cancelled if
/// this function is, because a JoinSet cancels its tasks when it is dropped. A handle of `tokio::spawn`
/// does not: its task goes on.
async fn all(count: u64) -> Result<Vec<u64>, String> {
    let mut tasks: JoinSet<_> = (0..count).map(page).collect();
    let mut pages = Vec::new();
    while let Some(joined) = tasks.join_next().await {
        match joined.map_err(|error| error.to_string())? {
            Ok(page) => pages.push(page),
            Err(error) => {
                // Not only told to stop: waited for.
                tasks.shutdown().await;
                return Err(error);
            }
        }
    }
    Ok(pages)
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    println!("{:?}", all(2).await);
    println!("{:?}", all(6).await);
}
