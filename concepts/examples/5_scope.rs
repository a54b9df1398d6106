//! A scope: its threads end before the block ends, so they may borrow from it. They need no Arc and no clone.

use std::thread;

fn main() {
    let words = ["one", "painter", "two", "rooms", "three", "coats"];
    let mut lengths = vec![0; words.len()];
    let middle = words.len() / 2;

    // Each thread gets its own half to write to. The compiler sees that the halves don't overlap.
    let (low, high) = lengths.split_at_mut(middle);
    thread::scope(|scope| {
        scope.spawn(|| count(&words[..middle], low));
        scope.spawn(|| count(&words[middle..], high));
        // The block's end waits for both.
    });
    println!("lengths: {lengths:?}");

    // The results can also be returned.
    let total: usize = thread::scope(|scope| {
        let threads: Vec<_> = words
            .chunks(2)
            .map(|part| scope.spawn(move || part.iter().map(|word| word.len()).sum::<usize>()))
            .collect();
        threads
            .into_iter()
            .filter_map(|thread| thread.join().ok())
            .sum()
    });
    println!("letters: {total}");
}

fn count(words: &[&str], lengths: &mut [usize]) {
    for (word, length) in words.iter().zip(lengths) {
        *length = word.len();
    }
}
