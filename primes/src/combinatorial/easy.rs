//! The special leaves that a table of pi answers: `n = p * q` for primes `sqrt(y) < p < q <= y` whose
//! `u = x / n` is at most `y`. As `u < p^2`, what is left up to `u` is 1 and the primes from `p` on.

use rayon::iter::{IntoParallelIterator, ParallelIterator};

use super::Parts;
use super::ordinary::TABLED;

/// How many primes an item of work has: few, for those of the smallest take a million steps each.
const CHUNK: usize = 16;

pub(super) fn sum(parts: &Parts<'_>) -> Option<u64> {
    let first = (parts.pi.of(parts.y.isqrt()) as usize).max(TABLED) + 1;
    let last = parts.primes.len() - 1;
    let chunks = (last + 1).saturating_sub(first).div_ceil(CHUNK);
    let share = super::SHARE_OF_EASY / chunks as f64;
    (0..chunks)
        .into_par_iter()
        .map(|chunk| {
            let start = first + chunk * CHUNK;
            let end = (start + CHUNK).min(last + 1);
            let sum = (start..end).fold(0, |sum: u64, b| sum.wrapping_add(of_prime(parts, b)));
            (parts.go_on)(share).then_some(sum)
        })
        .try_reduce(|| 0, |a, b| Some(a.wrapping_add(b)))
}

/// The leaves of the `b`-th prime.
fn of_prime(parts: &Parts<'_>, b: usize) -> u64 {
    let Parts { primes, pi, y, .. } = parts;
    let p = u64::from(primes[b]);
    let rest = parts.x / p;
    // From there on `u < p`, and only 1 is left: the trivial leaves.
    let trivial = (rest / p).max(p);
    let mut sum = match trivial < *y {
        true => pi.of(*y) - pi.of(trivial),
        false => 0,
    };
    // Up to there `u > y`: the hard leaves.
    let hard = (rest / (y + 1)).max(p);
    // `q` is the prime of that index.
    let mut index = pi.of(trivial.min(*y)) as usize;
    let end = pi.of(hard.min(*y)) as usize;
    let phi = |count: u64| count + 2 - b as u64;
    // As long as `q` is larger than `u`, many in a row have the same pi(u): the clustered leaves.
    let clustered = (rest as f64).sqrt() as u64;
    while index > end && u64::from(primes[index]) > clustered {
        let count = pi.of(rest / u64::from(primes[index]));
        let next = primes.get(count as usize + 1).map_or(y + 1, |&r| r.into());
        let same = (pi.of((rest / next).min(*y)) as usize).max(end);
        sum = sum.wrapping_add(phi(count).wrapping_mul((index - same) as u64));
        index = same;
    }
    for &q in &primes[end + 1..(index + 1).max(end + 1)] {
        sum = sum.wrapping_add(phi(pi.of(rest / u64::from(q))));
    }
    sum
}
