//! The same count by rayon. Compare with step 1: one word is different. rayon divides the range
//! into pieces, and a thread without pieces steals some from another.

use rayon::prelude::*;
use std::time::Instant;

const LIMIT: u64 = 500_000;

/// Whether a number is prime, by trial division: work that computes.
fn is_prime(number: u64) -> bool {
    number >= 2
        && (2..)
            .take_while(|it| it * it <= number)
            .all(|it| number % it != 0)
}

fn main() {
    let start = Instant::now();
    let count = (0..LIMIT)
        .into_par_iter()
        .filter(|&number| is_prime(number))
        .count();
    println!("{count} primes below {LIMIT}, {:.0?}", start.elapsed());
}
