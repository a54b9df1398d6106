//! A trap: a lock of `std` that is held over an `.await`. On one thread the second future blocks that
//! thread, so the first one can never go on and unlock: a deadlock. Look for: "no answer".
//! The cure: end the lock before the await (or use tokio's own `Mutex`).
//!
//!     cargo run --example async-fetch-trap-lock

use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::time::sleep;

const PAUSE: Duration = Duration::from_millis(10);

#[expect(clippy::await_holding_lock, reason = "clippy finds this trap")]
async fn wrong(count: &Mutex<u32>) {
    let mut count = count.lock().expect("no panic");
    sleep(PAUSE).await; // The lock is held here.
    *count += 1;
}

async fn right(count: &Mutex<u32>) {
    sleep(PAUSE).await;
    *count.lock().expect("no panic") += 1; // Locked and unlocked in one line.
}

/// Runs two futures on a thread of its own; `None` if they have not ended after a second.
fn run(is_right: bool) -> Option<u32> {
    let (sender, result) = mpsc::channel();
    thread::spawn(move || {
        let mut builder = tokio::runtime::Builder::new_current_thread();
        let runtime = builder.enable_time().build().expect("a runtime");
        let count = Mutex::new(0);
        match is_right {
            true => drop(runtime.block_on(async { tokio::join!(right(&count), right(&count)) })),
            false => drop(runtime.block_on(async { tokio::join!(wrong(&count), wrong(&count)) })),
        }
        let _ = sender.send(count.into_inner().expect("no panic"));
    });
    result.recv_timeout(Duration::from_secs(1)).ok()
}

fn main() {
    println!("locked over the await: {:?}", run(false).ok_or("no answer"));
    println!("locked after the await: {:?}", run(true).ok_or("no answer"));
}
