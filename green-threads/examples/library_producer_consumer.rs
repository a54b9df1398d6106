//! A producer, two consumers and a channel with room for one.
//! Run it: `cargo run --release -p green-threads --example producer_consumer`

use green_threads::{Channel, join_all, spawn};

fn main() {
    let (sender, receiver) = Channel::bounded(1);
    let consumers = ["ann", "bob"].map(|name| {
        let receiver = receiver.clone();
        spawn(move || {
            receiver
                .iter()
                .for_each(|item: u32| println!("{name} takes {item}"))
        })
    });
    for item in 1..=6 {
        if sender.send(item).is_err() {
            return;
        }
    }
    drop(sender);
    join_all(&consumers, None);
}
