//! A trap: a callback that blocks. There is one thread, so all other callbacks wait, even those
//! whose time has come. Look for: how late is the timer? The cure: blocking work goes to a thread.

use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// A loop on one thread: it waits for an event from outside, or for its timer.
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
            // The sender is dropped: only the timer is left.
            Err(RecvTimeoutError::Disconnected) => {
                thread::sleep(due.saturating_duration_since(Instant::now()));
                return due.elapsed();
            }
            Err(RecvTimeoutError::Timeout) => return due.elapsed(),
        }
    }
}

/// Takes long: as looking up a name, reading a file or hashing a password does.
fn slow() {
    thread::sleep(Duration::from_millis(300));
}

fn main() {
    println!("in the callback: the timer was {:.0?} late", serve(slow));
    let on_a_thread = || drop(thread::spawn(slow));
    println!("on a thread: the timer was {:.0?} late", serve(on_a_thread));
}
