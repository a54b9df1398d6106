//! rayon: `par_iter` instead of `iter` makes an iterator parallel.
//! Run it: `cargo run --release -p primes --example par_iter`

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use primes::trial_division::is_prime;

fn main() {
    let numbers = 1_000_000_000_000..1_000_000_000_100_u64;
    let primes: Vec<u64> = numbers.into_par_iter().filter(|&n| is_prime(n)).collect();
    println!("{} primes: {primes:?}", primes.len());
}
