//! A thousand sleepers on one thread: together they take as long as one.
//! Run it: `cargo run --release -p green-threads --example sleepers`

use std::time::{Duration, Instant};

use green_threads::{join_all, sleep, spawn};

fn main() {
    let start = Instant::now();
    let sleepers: Vec<_> = (0..1000)
        .map(|_| spawn(|| sleep(Duration::from_millis(500))))
        .collect();
    let ended = join_all(&sleepers, None);
    println!("{ended} slept half a second each, in {:?}", start.elapsed());
}
