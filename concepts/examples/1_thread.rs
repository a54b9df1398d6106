//! A thread: a function that runs beside the one that started it. `join` waits for it and gives its
//! result.

use std::thread;

/// Work that computes: the sum of the numbers below `end` that 7 divides.
fn sum(end: u64) -> u64 {
    (0..end).filter(|number| number % 7 == 0).sum()
}

fn main() {
    // From here on two threads run: this one (it is called main), and a second.
    let second = thread::spawn(|| sum(2_000_000));
    let mine = sum(1_000_000);
    // A thread may panic; then there is no result, and `join` says so.
    match second.join() {
        Ok(theirs) => println!("main: {mine}, the second thread: {theirs}"),
        Err(_) => println!("the second thread panicked"),
    }

    // `move` gives the thread its own values. It may outlive this function, so it can't borrow from it.
    let name = String::from("a thread with a name");
    let named = thread::Builder::new().name(name.clone());
    let started = named.spawn(move || println!("hello from {name}"));
    match started {
        Ok(thread) => println!("it ended well: {}", thread.join().is_ok()),
        // The system has a limit of threads.
        Err(error) => println!("no thread to be had: {error}"),
    }
}
