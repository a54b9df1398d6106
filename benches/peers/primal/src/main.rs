//! `peer-primal STOP`: how many primes there are up to STOP, by the `primal` crate.
//!
//! `StreamingSieve::prime_pi` is the crate's own fastest way to count: a segmented sieve on one
//! thread. It has none for several threads.

use std::process::ExitCode;

fn main() -> ExitCode {
    let stop = std::env::args().nth(1);
    let Some(stop) = stop.and_then(|stop| stop.parse().ok()) else {
        eprintln!("usage: peer-primal STOP");
        return ExitCode::from(2);
    };
    println!("{}", primal::StreamingSieve::prime_pi(stop));
    ExitCode::SUCCESS
}
