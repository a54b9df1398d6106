//! The n-th prime: an estimate, a count up to it, and then a short search.

use std::ops::RangeInclusive;

use crate::interval::primes;

/// How many primes there are below 2^64: pi(2^64), computed in 2014 (J. Buethe and others; OEIS
/// A007053).
pub const PRIMES_BELOW_2_POW_64: u64 = 425_656_284_035_217_743;

/// The index of a prime, counted from a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Index {
    /// The n-th prime above the number, counted from 1.
    After(u64),
    /// The n-th prime below the number, counted from 1.
    Before(u64),
}

/// The `n`-th prime, counted from 1. `count` counts the primes of a range: see [`nth_prime_from`].
///
/// # Errors
/// The error of `count`.
///
/// ```
/// use primes::{Constellation, interval, nth};
/// use std::convert::Infallible;
///
/// let count = |range| Ok::<_, Infallible>(interval::count(range, Constellation::Single));
/// assert_eq!(nth::nth_prime(1_000_000, count), Ok(Some(15_485_863)));
/// ```
pub fn nth_prime<E>(
    n: u64,
    count: impl FnOnce(RangeInclusive<u64>) -> Result<u64, E>,
) -> Result<Option<u64>, E> {
    nth_prime_from(Index::After(n), 0, count)
}

/// The n-th prime above or below `start`. `count` counts the primes of a range.
///
/// Almost all of the time is spent in one call of `count`, for the primes between `start` and an
/// estimate; `count` may run in parallel. The result is `None` if there is no such prime below
/// 2^64, also for the index 0.
///
/// # Errors
/// The error of `count`.
///
/// ```
/// use primes::nth::{Index, nth_prime_from};
/// use primes::{Constellation, interval};
/// use std::convert::Infallible;
///
/// let count = |range| Ok::<_, Infallible>(interval::count(range, Constellation::Single));
/// assert_eq!(nth_prime_from(Index::After(2), 100, count), Ok(Some(103)));
/// assert_eq!(nth_prime_from(Index::Before(2), 100, count), Ok(Some(89)));
/// ```
pub fn nth_prime_from<E>(
    index: Index,
    start: u64,
    count: impl FnOnce(RangeInclusive<u64>) -> Result<u64, E>,
) -> Result<Option<u64>, E> {
    let below_start = riemann_r(start.max(2) as f64);
    match index {
        Index::After(n) => {
            let all = PRIMES_BELOW_2_POW_64;
            if n == 0 || n > all || below_start + n as f64 > all as f64 + FAR {
                return Ok(None);
            }
            let estimate = estimate(below_start + n as f64).max(start);
            let counted = match start.checked_add(1) {
                Some(first) if first <= estimate => count(first..=estimate)?,
                _ => 0,
            };
            Ok(match counted < n {
                true => above(estimate, n - counted),
                false => below(estimate, counted - n),
            })
        }
        Index::Before(n) => {
            let Some(last) = start.checked_sub(1).filter(|&last| last >= n && n > 0) else {
                return Ok(None);
            };
            // If the estimate is below the first prime, all primes are counted.
            let estimate = estimate((below_start - n as f64).max(0.0)).min(last);
            let counted = match estimate < last {
                true => count(estimate + 1..=last)?,
                false => 0,
            };
            Ok(match counted < n {
                true => below(estimate, n - counted - 1),
                false => above(estimate, counted - n + 1),
            })
        }
    }
}

/// The smallest prime above `n`; `None` if it is beyond 2^64.
///
/// ```
/// use primes::nth::{next_prime, previous_prime};
/// assert_eq!((next_prime(97), previous_prime(97)), (Some(101), Some(89)));
/// assert_eq!((next_prime(u64::MAX), previous_prime(2)), (None, None));
/// ```
pub fn next_prime(n: u64) -> Option<u64> {
    above(n, 1)
}

/// The largest prime below `n`, if there is one.
pub fn previous_prime(n: u64) -> Option<u64> {
    below(n.checked_sub(1)?, 0)
}

/// Much more than the error of [`riemann_r`] below 2^64, including rounding.
const FAR: f64 = 1e11;

/// The prime with `index - 1` primes between itself and `from`.
fn above(from: u64, index: u64) -> Option<u64> {
    let (mut from, mut left) = (from, index);
    loop {
        let start = from.checked_add(1)?;
        let stop = start.saturating_add(length_of(left, start));
        let mut found = 0;
        for prime in primes(start..=stop) {
            found += 1;
            if found == left {
                return Some(prime);
            }
        }
        (from, left) = (stop, left - found);
    }
}

/// The length of a range, from `x` up or down, that has at least `count` primes.
fn length_of(count: u64, x: u64) -> u64 {
    (count + 10).saturating_mul(u64::from(x.max(2).ilog2()) + 1)
}

/// The prime at or below `from` that has `skip` primes between itself and `from`.
fn below(from: u64, mut skip: u64) -> Option<u64> {
    let mut stop = from;
    loop {
        let start = stop.saturating_sub(length_of(skip, stop));
        let found: Vec<u64> = primes(start..=stop).collect();
        match (found.len() as u64).checked_sub(skip + 1) {
            Some(index) => return Some(found[index as usize]),
            None => skip -= found.len() as u64,
        }
        stop = start.checked_sub(1)?;
    }
}

/// An `x` with nearly `n` primes up to it: the inverse of Riemann's R by Newton's method. Its error
/// is about the root of `x`.
fn estimate(n: f64) -> u64 {
    let mut x = n * n.max(2.0).ln().max(1.0);
    for _ in 0..50 {
        let step = (riemann_r(x) - n) * x.max(2.0).ln();
        x = (x - step).max(2.0);
        if step.abs() < 0.5 {
            break;
        }
    }
    x as u64
}

/// Riemann's approximation of the number of primes up to `x`, by Gram's series.
fn riemann_r(x: f64) -> f64 {
    let log = x.ln();
    let (mut sum, mut term) = (1.0, 1.0);
    for k in 1..500 {
        let k = f64::from(k);
        term *= log / k;
        let next = sum + term / (k * zeta(k + 1.0));
        if next == sum {
            break;
        }
        sum = next;
    }
    sum
}

/// Riemann's zeta function for `s` of at least 2, by Euler-Maclaurin summation from the tenth term
/// on.
fn zeta(s: f64) -> f64 {
    let n = 10.0_f64;
    let head: f64 = (1..10).map(|k| f64::from(k).powf(-s)).sum();
    head + n.powf(1.0 - s) / (s - 1.0) + n.powf(-s) / 2.0 + s * n.powf(-s - 1.0) / 12.0
        - s * (s + 1.0) * (s + 2.0) * n.powf(-s - 3.0) / 720.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Constellation, interval};
    use std::convert::Infallible;

    fn nth(n: u64) -> Option<u64> {
        let count = |range| Ok::<_, Infallible>(interval::count(range, Constellation::Single));
        nth_prime(n, count).unwrap()
    }

    /// OEIS A006988.
    #[test]
    fn powers_of_ten() {
        for (n, p) in [
            (1, 2),
            (10, 29),
            (100, 541),
            (1000, 7919),
            (100_000, 1_299_709),
            (10_000_000, 179_424_673),
        ] {
            assert_eq!(nth(n), Some(p), "number {n}");
        }
    }

    #[test]
    fn every_one_of_the_first() {
        for (n, p) in (1..).zip(primes(0..=20_000)) {
            assert_eq!(nth(n), Some(p), "number {n}");
        }
    }

    #[test]
    fn there_is_no_zeroth_and_none_beyond_2_pow_64() {
        assert_eq!(nth(0), None);
        assert_eq!(nth(PRIMES_BELOW_2_POW_64 + 1), None);
    }

    /// All indices from all starts, compared with a list.
    #[test]
    fn every_index_from_every_start() {
        let list: Vec<u64> = primes(0..=3000).collect();
        let count = |range| Ok::<_, Infallible>(interval::count(range, Constellation::Single));
        for start in 0..120 {
            let below = list.partition_point(|&p| p < start);
            let up_to = list.partition_point(|&p| p <= start);
            for n in 1..100_usize {
                let after = nth_prime_from(Index::After(n as u64), start, count).unwrap();
                assert_eq!(after, Some(list[up_to + n - 1]), "{n} after {start}");
                let before = nth_prime_from(Index::Before(n as u64), start, count).unwrap();
                let expected = below.checked_sub(n).map(|index| list[index]);
                assert_eq!(before, expected, "{n} before {start}");
            }
        }
    }

    /// 2^64-59 and 2^64-83 are the last two (OEIS A013603 has the first).
    #[test]
    fn the_last_primes_of_all() {
        let count = |range| Ok::<_, Infallible>(interval::count(range, Constellation::Single));
        let from = |index, start| nth_prime_from(index, start, count).unwrap();
        let last = u64::MAX - 58;
        assert_eq!(from(Index::Before(1), u64::MAX), Some(last));
        assert_eq!(from(Index::Before(2), u64::MAX), Some(last - 24));
        assert_eq!(from(Index::After(1), last - 24), Some(last));
        assert_eq!(from(Index::After(1), last), None);
        assert_eq!(from(Index::After(1), u64::MAX), None);
        assert_eq!(from(Index::After(1 << 58), u64::MAX / 2), None);
    }

    /// The search finds the prime, however wrong the estimate is.
    #[test]
    fn walks_both_ways() {
        let list: Vec<u64> = primes(0..=1000).collect();
        for (index, &p) in list.iter().enumerate() {
            let upto_500 = list.iter().filter(|&&q| q <= 500).count();
            if index >= upto_500 {
                assert_eq!(above(500, (index - upto_500) as u64 + 1), Some(p));
            } else {
                assert_eq!(below(500, (upto_500 - index - 1) as u64), Some(p));
            }
        }
    }

    #[test]
    fn riemann_is_close_to_pi() {
        for (x, pi) in [
            (1e6, 78_498.0),
            (1e9, 50_847_534.0),
            (1e12, 37_607_912_018.0),
        ] {
            assert!((riemann_r(x) - pi).abs() < f64::sqrt(x) / 5.0, "R({x})");
        }
    }
}
