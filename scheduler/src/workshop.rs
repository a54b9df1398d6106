//! The computation of every step's tasks: plain code without a scheduler.
//!
//! The workshop's example has a generator of numbers and two tasks that use it: one squares the
//! numbers, the other keeps the primes.

/// The numbers of both tasks.
pub const NUMBERS: std::ops::RangeInclusive<u64> = 1..=10;

/// The square of a number.
pub fn square(n: u64) -> u64 {
    n * n
}

/// Whether a number is prime, by trial division.
///
/// # Examples
///
/// ```
/// use scheduler::workshop::{NUMBERS, is_prime};
///
/// assert!(NUMBERS.filter(|&n| is_prime(n)).eq([2, 3, 5, 7]));
/// ```
pub fn is_prime(n: u64) -> bool {
    let divisors = (2..).take_while(|d| d * d <= n);
    n >= 2 && divisors.into_iter().all(|d| n % d != 0)
}
