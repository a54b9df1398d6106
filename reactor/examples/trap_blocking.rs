//! A trap: a callback that blocks. There is one thread, so all other callbacks wait, also those whose time
//! has come. Look for: how late is the timer? The cure: blocking work goes to a thread.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// What a loop of one thread waits for: an event from outside, or its timer.
fn serve(on_request: impl Fn()) -> Duration {
    let (sender, events) = mpsc::channel();
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(10));
        sender.send("a request") // After 10 ms a request comes.
    });
    let due = Instant::now() + Duration::from_millis(50);
    loop {
        match events.recv_timeout(due.saturating_duration_since(Instant::now())) {
            Ok(_) => on_request(),
            // The sender is gone: only the timer is left.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                return due.elapsed();
            }
            Err(RecvTimeoutError::Timeout) => return due.elapsed(),
        }
    }
}

/// Takes long: a name is looked up, a file is read, a password is hashed.
fn slow() {
    thread::sleep(Duration::from_millis(300));
}

fn main() {
    println!("in the callback: the timer was {:.0?} late", serve(slow));
    let on_a_thread = || drop(thread::spawn(slow));
    println!("on a thread: the timer was {:.0?} late", serve(on_a_thread));
}
