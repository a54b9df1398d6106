//! The special leaves that need a sieve: those with `u = x / n` above `y`. The sieve removes the
//! multiples of one prime after the other from the numbers up to `x / y`. When the primes below `p`
//! are done, it counts the numbers left up to each `u`.
//!
//! The sieve is divided into independent items of work. Each counts from its own start. It also
//! returns, for each prime, how many numbers it had left, and the signs of its leaves. With these,
//! the counts of the items before are added to each leaf.

mod counted_sieve;

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::Parts;
use super::factor_table::FactorTable;
use super::ordinary::{LARGEST_TABLED, TABLED};
use counted_sieve::{CountedSieve, NUMBERS};

/// The leaves are densest among the small numbers. So the first items have one segment, and each
/// later one is longer than everything before it divided by this.
const GROWTH: u64 = 16;

/// The minimum number of items of work per thread.
const ITEMS_PER_THREAD: u64 = 32;

pub(super) fn sum(parts: &Parts<'_>) -> Option<u64> {
    let items = items(parts.z, rayon::current_num_threads() as u64);
    let counts: Option<Vec<Counts>> = items
        .into_par_iter()
        .with_max_len(1)
        .map(|(first, segments)| count(parts, first, segments))
        .collect();
    let mut left = vec![0_u64; parts.primes.len()];
    let mut sum = 0_u64;
    for counts in counts? {
        sum = sum.wrapping_add(counts.sum);
        for (left, &(signs, here)) in left.iter_mut().zip(&counts.primes) {
            sum = sum.wrapping_add(left.wrapping_mul(signs));
            *left = left.wrapping_add(here);
        }
    }
    Some(sum)
}

/// The items: first segment, and number of segments.
fn items(z: u64, threads: u64) -> Vec<(u64, u64)> {
    let segments = z / NUMBERS + 1;
    let longest = (segments / (ITEMS_PER_THREAD * threads)).max(1);
    let mut items = Vec::new();
    let mut first = 0;
    while first < segments {
        let length = (1 + first / GROWTH).min(longest).min(segments - first);
        items.push((first, length));
        first += length;
    }
    items
}

/// The result of an item of work.
struct Counts {
    /// The sum of the leaves, each counted from the item's start, with their signs.
    sum: u64,
    /// By index of the prime `p`: the sum of the signs of its leaves, and how many numbers were
    /// left after the primes below `p`.
    primes: Vec<(u64, u64)>,
}

fn count(parts: &Parts<'_>, first: u64, segments: u64) -> Option<Counts> {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("popcnt") {
            // SAFETY: the processor has POPCNT.
            #[expect(unsafe_code, reason = "the feature was just checked")]
            return unsafe { count_popcnt(parts, first, segments) };
        }
    }
    count_portable(parts, first, segments)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "popcnt")]
fn count_popcnt(parts: &Parts<'_>, first: u64, segments: u64) -> Option<Counts> {
    count_portable(parts, first, segments)
}

#[inline(always)]
fn count_portable(parts: &Parts<'_>, first: u64, segments: u64) -> Option<Counts> {
    // Leaves above `low` have no larger prime: p * q <= x / low, and p < q.
    let last_prime = |low: u64| {
        let largest = parts.z.min(parts.x / low.max(1)).isqrt();
        parts.pi.of(largest.min(parts.y)) as usize
    };
    let composite = parts.pi.of(parts.y.isqrt()) as usize;
    let start = first * NUMBERS;
    let mut counts = Counts {
        sum: 0,
        primes: vec![(0, 0); last_prime(start).max(composite) + 1],
    };
    let mut sieve = CountedSieve::new(first, &parts.primes[..counts.primes.len()]);
    let all = parts.z / NUMBERS + 1;
    for segment in first..first + segments {
        let (low, high) = (segment * NUMBERS, (segment + 1) * NUMBERS);
        sieve.begin();
        let last = last_prime(low).max(composite);
        for b in TABLED + 1..=last {
            let p = u64::from(parts.primes[b]);
            let (signs, left) = &mut counts.primes[b];
            let leaves = match b <= composite {
                true => squarefree_leaves(parts, p, low..high, &mut sieve, *left),
                false => prime_leaves(parts, p, low..high, &mut sieve, *left),
            };
            *signs = signs.wrapping_add(leaves.signs);
            counts.sum = counts.sum.wrapping_add(leaves.sum);
            *left += sieve.left();
            sieve.cross_off(b);
        }
        if !(parts.go_on)(super::SHARE_OF_HARD / all as f64) {
            return None;
        }
    }
    Some(counts)
}

#[derive(Default)]
struct Leaves {
    sum: u64,
    signs: u64,
}

/// Counts the leaves `p * m` with `u` in `range`, for squarefree `m` with larger prime factors
/// only.
#[inline(always)]
fn squarefree_leaves(
    parts: &Parts<'_>,
    p: u64,
    range: std::ops::Range<u64>,
    sieve: &mut CountedSieve<'_>,
    before: u64,
) -> Leaves {
    let rest = parts.x / p;
    let largest = (rest / range.start.max(1)).min(parts.y);
    let below = (rest / range.end).max(parts.y / p);
    let mut leaves = Leaves::default();
    if below >= largest {
        return leaves;
    }
    let mut counter = sieve.counter();
    // From the largest down, so that `u` goes up.
    for index in (FactorTable::count(below)..FactorTable::count(largest)).rev() {
        let Some(even) = parts.factors.leaf(index, p) else {
            continue;
        };
        let u = rest / FactorTable::number(index);
        let phi = before + counter.up_to(u - range.start);
        // The sign of `p * m` is the opposite of that of `m`.
        let sign = if even { 1_u64.wrapping_neg() } else { 1 };
        leaves.signs = leaves.signs.wrapping_add(sign);
        leaves.sum = leaves.sum.wrapping_add(sign.wrapping_mul(phi));
    }
    leaves
}

/// Counts the leaves `p * q` with `u` in `range` and above `y`, for larger primes `q`, where `p^2 >
/// y`.
#[inline(always)]
fn prime_leaves(
    parts: &Parts<'_>,
    p: u64,
    range: std::ops::Range<u64>,
    sieve: &mut CountedSieve<'_>,
    before: u64,
) -> Leaves {
    let rest = parts.x / p;
    let largest = (rest / range.start.max(1))
        .min(rest / (parts.y + 1))
        .min(parts.y);
    let below = (rest / range.end).max(p);
    let mut leaves = Leaves::default();
    if below >= largest {
        return leaves;
    }
    let mut counter = sieve.counter();
    let indices = parts.pi.of(below) as usize + 1..parts.pi.of(largest) as usize + 1;
    for &q in parts.primes[indices.clone()].iter().rev() {
        let u = rest / u64::from(q);
        leaves.sum += before + counter.up_to(u - range.start);
    }
    leaves.signs = indices.len() as u64;
    leaves
}

const _: () = assert!(LARGEST_TABLED == counted_sieve::LARGEST_PATTERN);
