//! P2: the number of products of two primes above `y` up to `x`, by a sieve from the root of `x` to
//! `x / y`.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::{Parts, SIEVED, alpha, count};
use crate::constellation::Constellation;
use crate::interval;
use crate::sieve::Sieve;

/// The maximum size of an item of work in numbers: some tens of milliseconds.
const LONGEST: u64 = 1 << 26;
const SHORTEST: u64 = 1 << 20;

/// Items of work per thread: enough that all threads end at about the same time.
const ITEMS_PER_THREAD: u64 = 16;

pub(super) fn sum(parts: &Parts<'_>) -> Option<u64> {
    let (root, a) = (parts.x.isqrt(), parts.pi.of(parts.y));
    if root <= parts.y {
        return Some(0);
    }
    // Every `x / p` is at least the root, and may be the root itself.
    let start = root;
    let numbers = parts.z - start + 1;
    let items = ITEMS_PER_THREAD * rayon::current_num_threads() as u64;
    let length = (numbers / items).clamp(SHORTEST, LONGEST);
    let items = numbers.div_ceil(length);
    let share = super::SHARE_OF_SECOND / items as f64;
    let stretches: Option<Vec<Stretch>> = (0..items as usize)
        .into_par_iter()
        .with_max_len(1)
        .map(|item| {
            let first = start + item as u64 * length;
            let last = (first + length - 1).min(parts.z);
            let stretch = Stretch::sieve(parts, first, last);
            (parts.go_on)(share).then_some(stretch)
        })
        .collect();
    let mut before = match root - 1 {
        below if below <= SIEVED => interval::count(0..=below, Constellation::Single),
        // This part is small, so it does not count as progress.
        below => count(below, alpha(below), &|_| (parts.go_on)(0.0))?,
    };
    let (mut sum, mut products) = (0_u64, 0);
    for stretch in stretches? {
        sum = sum
            .wrapping_add(stretch.products.wrapping_mul(before))
            .wrapping_add(stretch.sum);
        before += stretch.primes;
        products += stretch.products;
    }
    // Subtract pi(p) - 1 for each `p`: these values count up from `a`.
    let b = a + products;
    let triangle = |n: u64| (u128::from(n) * u128::from(n.saturating_sub(1)) / 2) as u64;
    Some(sum.wrapping_sub(triangle(b).wrapping_sub(triangle(a))))
}

/// The result of one part of the sieve.
struct Stretch {
    /// How many primes it has.
    primes: u64,
    /// How many primes `p` have their `x / p` in it.
    products: u64,
    /// The sum, over these products, of the number of primes of the part up to `x / p`.
    sum: u64,
}

impl Stretch {
    fn sieve(parts: &Parts<'_>, first: u64, last: u64) -> Stretch {
        let (from, to) = (parts.x / (last + 1), parts.x / first);
        let (from, to) = (from.max(parts.y) + 1, to.min(parts.x.isqrt()));
        let mut factors: Vec<u64> = match from <= to {
            true => interval::primes(from..=to).collect(),
            false => Vec::new(),
        };
        let mut stretch = Stretch {
            primes: 0,
            products: factors.len() as u64,
            sum: 0,
        };
        // The largest `p` has the smallest `x / p`, and comes last.
        let mut sieve = Sieve::new(first..=last);
        while let Some(segment) = sieve.next_segment() {
            let mut counter = segment.counter();
            while let Some(&p) = factors.last()
                && parts.x / p <= segment.last()
            {
                stretch.sum += stretch.primes + counter.up_to(parts.x / p);
                factors.pop();
            }
            stretch.primes += counter.rest();
        }
        stretch
    }
}
