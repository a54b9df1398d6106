//! A channel: threads send values instead of sharing them. Python's `queue.Queue` is this.

use std::sync::mpsc;
use std::thread;

fn main() {
    // Bounded: a producer that is too fast waits when 8 values are in the channel. An unbounded queue
    // would grow until memory ends.
    let (sender, receiver) = mpsc::sync_channel::<(u32, u64)>(8);

    for producer in 0..3_u32 {
        let sender = sender.clone();
        thread::spawn(move || {
            for number in 1..=100_u64 {
                // `send` moves the value: this thread can't touch it any more.
                if sender.send((producer, number)).is_err() {
                    return; // Nobody receives any more.
                }
            }
        });
    }
    // The receiver ends when the last sender is gone, so this one has to go, too.
    drop(sender);

    let mut sums = [0_u64; 3];
    for (producer, number) in receiver {
        sums[producer as usize] += number;
    }
    println!("sums by producer: {sums:?}");
    println!("all together: {}", sums.iter().sum::<u64>());
}
