//! Your own function: change `work`, and run `guidelines measure --example`. It is called with sizes 1, 2,
//! 4 and so on, and you learn from which size on a second worker pays.

use guidelines::your_work;
use std::process::ExitCode;

/// The work: here, how many numbers up to `size` are primes, by trial division.
fn work(size: usize) -> usize {
    let is_prime = |n: &usize| (2..).take_while(|d| d * d <= *n).all(|d| n % d != 0);
    (2..=size).filter(is_prime).count()
}

fn main() -> ExitCode {
    your_work::main("primes by trial division", work)
}
