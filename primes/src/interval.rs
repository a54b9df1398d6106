//! Counts and lists the primes of a range. Depending on the range it uses the sieve, or tests each
//! number.

use std::ops::RangeInclusive;

use crate::constellation::Constellation;
use crate::miller_rabin::is_prime;
use crate::sieve::Sieve;

/// If a range is this many times shorter than the root of its end, each number is tested: finding
/// all sieving primes up to the root would take longer. Measured just below 2^64, where both
/// methods are equally fast near 2^24 numbers.
const ROOT_PER_NUMBER: u64 = 256;

/// How many primes or constellations lie completely in an inclusive range.
///
/// ```
/// use primes::{Constellation, interval};
/// assert_eq!(interval::count(0..=1_000_000, Constellation::Single), 78_498);
/// assert_eq!(interval::count(u64::MAX - 1000..=u64::MAX, Constellation::Single), 21);
/// ```
pub fn count(range: RangeInclusive<u64>, what: Constellation) -> u64 {
    count_while(range, what, |_| true).expect("a checkpoint that returns true stops nothing")
}

/// The number of single tests between two checkpoints: about ten microseconds.
const TESTS_PER_CHECKPOINT: u64 = 64;

/// Like [`count`], but calls `checkpoint` at least every few milliseconds, with how many numbers
/// were processed since the last call. If it returns false, the result is `None`.
pub fn count_while(
    range: RangeInclusive<u64>,
    what: Constellation,
    mut checkpoint: impl FnMut(u64) -> bool,
) -> Option<u64> {
    let smallest = what
        .smallest()
        .iter()
        .filter(|primes| primes.iter().all(|p| range.contains(p)))
        .count() as u64;
    if is_short(&range) {
        let (mut count, mut asked) = (smallest, *range.start());
        for n in candidates(range.clone()) {
            if n - asked >= TESTS_PER_CHECKPOINT {
                if !checkpoint(n - asked) {
                    return None;
                }
                asked = n;
            }
            count += shapes_at(n, *range.end(), what);
        }
        return checkpoint(range.end() - asked).then_some(count);
    }
    let mut count = smallest;
    let mut sieve = Sieve::new(range);
    while let Some(segment) = sieve.next_segment_while(|| checkpoint(0))? {
        count += segment.count(what);
        if !checkpoint(segment.numbers()) {
            return None;
        }
    }
    Some(count)
}

/// The primes of an inclusive range, in order.
///
/// ```
/// use primes::interval;
/// assert_eq!(interval::primes(10..=30).collect::<Vec<_>>(), [11, 13, 17, 19, 23, 29]);
/// ```
pub fn primes(range: RangeInclusive<u64>) -> Box<dyn Iterator<Item = u64> + Send> {
    primes_while(range, || true)
}

/// Like [`primes`], until `go_on` returns false. `go_on` is called every few milliseconds, also
/// before the first prime is found, which takes seconds near 2^64. (For a short range there is no
/// sieve, and `go_on` is not called.)
pub fn primes_while(
    range: RangeInclusive<u64>,
    go_on: impl FnMut() -> bool + Send + 'static,
) -> Box<dyn Iterator<Item = u64> + Send> {
    let unstored: Vec<u64> = [2, 3, 5]
        .into_iter()
        .filter(|p| range.contains(p))
        .collect();
    if is_short(&range) {
        Box::new(
            unstored
                .into_iter()
                .chain(candidates(range).filter(|&n| is_prime(n))),
        )
    } else {
        Box::new(
            unstored
                .into_iter()
                .chain(Sieve::new(range).primes_while(go_on)),
        )
    }
}

/// Finds the constellations in a sequence of primes in ascending order, and calls `visit` with each
/// one, until it returns `Ok(false)` or an error.
///
/// # Errors
/// Those of `visit`.
///
/// ```
/// use primes::{Constellation, interval};
///
/// let mut triplets = Vec::new();
/// interval::constellations(interval::primes(5..=20), Constellation::Triplets, |primes| {
///     triplets.push(primes.to_vec());
///     Ok::<_, std::convert::Infallible>(true)
/// })?;
/// assert_eq!(triplets, [[5, 7, 11], [7, 11, 13], [11, 13, 17], [13, 17, 19]]);
/// # Ok::<(), std::convert::Infallible>(())
/// ```
pub fn constellations<E>(
    primes: impl Iterator<Item = u64>,
    what: Constellation,
    mut visit: impl FnMut(&[u64]) -> Result<bool, E>,
) -> Result<(), E> {
    // The primes of a constellation are consecutive: every number between them is divisible by 2 or
    // 3.
    let size = usize::from(what.size());
    let mut group = Vec::with_capacity(size);
    for prime in primes {
        if group.len() == size {
            group.remove(0);
        }
        group.push(prime);
        let is_shape = |shape: &&[u64]| {
            let differences = group.iter().map(|p| p - group[0]);
            differences.skip(1).eq(shape.iter().copied())
        };
        if group.len() == size && what.shapes().iter().any(is_shape) && !visit(&group)? {
            break;
        }
    }
    Ok(())
}

fn is_short(range: &RangeInclusive<u64>) -> bool {
    range.end().saturating_sub(*range.start()) < range.end().isqrt() / ROOT_PER_NUMBER
}

/// The numbers above 5 that 2, 3 and 5 do not divide.
fn candidates(range: RangeInclusive<u64>) -> impl Iterator<Item = u64> + Send {
    let (start, stop) = range.into_inner();
    (start.max(7)..=stop).filter(|n| n % 2 != 0 && n % 3 != 0 && n % 5 != 0)
}

/// How many shapes of a constellation begin at `n` and end by `stop`.
fn shapes_at(n: u64, stop: u64, what: Constellation) -> u64 {
    if !is_prime(n) {
        return 0;
    }
    let is_there = |difference: &u64| {
        n.checked_add(*difference)
            .is_some_and(|q| q <= stop && is_prime(q))
    };
    what.shapes()
        .iter()
        .filter(|shape| shape.iter().all(is_there))
        .count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_prime_near_the_end_is_given_up_when_that_is_asked_for() {
        let range = u64::MAX - 100_000_000_000..=u64::MAX;
        let mut asked = 0;
        let go_on = move || {
            asked += 1;
            assert!(asked <= 3, "it said no the third time");
            asked < 3
        };
        assert_eq!(primes_while(range, go_on).next(), None);
    }
}
