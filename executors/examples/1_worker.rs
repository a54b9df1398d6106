//! One worker: a thread that takes jobs from a channel. A job is a closure in a box, because each
//! closure has its own type.

use std::sync::mpsc;
use std::thread;

type Job = Box<dyn FnOnce() + Send>;

fn main() {
    // Bounded: at most 16 jobs wait. Then `send` waits for space.
    let (sender, jobs) = mpsc::sync_channel::<Job>(16);
    let worker = thread::spawn(move || {
        for job in jobs {
            job();
        }
        println!("no sender is left: the worker ends");
    });

    for number in 1..=3_u64 {
        let job = move || println!("job {number}: {number} squared is {}", number * number);
        sender.send(Box::new(job)).expect("the worker is alive");
    }
    drop(sender);
    worker.join().expect("no job panics");
}
