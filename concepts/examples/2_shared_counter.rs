//! Two threads change one number. The version without a lock does not compile; with a lock it is right.

use std::sync::{Arc, Mutex, PoisonError};
use std::thread;

// This is a data race, and Rust refuses it (error E0499):
//
//     let mut count = 0;
//     thread::scope(|scope| {
//         scope.spawn(|| count += 1);
//         scope.spawn(|| count += 1);   // second mutable borrow occurs here
//     });
//
// In C or Go it compiles. `count += 1` reads, adds and writes; two threads that read the same value
// write the same value, and one of the additions is lost.

fn main() {
    // Arc: several owners, counted atomically. Mutex: the number can only be reached by locking.
    let count = Arc::new(Mutex::new(0));
    let threads: Vec<_> = (0..2)
        .map(|_| {
            let count = Arc::clone(&count);
            thread::spawn(move || {
                for _ in 0..100_000 {
                    // The lock is held until the end of the statement. A thread that panicked with
                    // the lock held leaves it poisoned: here the number is right even then.
                    *count.lock().unwrap_or_else(PoisonError::into_inner) += 1;
                }
            })
        })
        .collect();
    for thread in threads {
        if thread.join().is_err() {
            println!("a thread panicked");
        }
    }
    let count = count.lock().unwrap_or_else(PoisonError::into_inner);
    println!("2 threads added 100000 each: {count}");

    // Two traits say which types may go where. Send: a value may move to another thread. Sync: a
    // reference may. The compiler derives both from what a type is made of:
    //   Rc<T>        neither: its counter is an ordinary number
    //   Arc<T>       both, if T is
    //   Cell<T>      Send, not Sync: it changes through a shared reference
    //   Mutex<T>     both, if T is Send
    fn may_be_shared<T: Send + Sync>(_: &T) -> &'static str {
        "may be shared"
    }
    println!("a Mutex<i32> {}", may_be_shared(&Mutex::new(1)));
}
