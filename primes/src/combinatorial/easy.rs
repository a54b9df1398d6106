//! The special leaves that need only a table of pi: `n = p * q` for primes `sqrt(y) < p < q <= y`
//! with `u = x / n` at most `y`. As `u < p^2`, the numbers left up to `u` are 1 and the primes from
//! `p` on.

use rayon::iter::{IndexedParallelIterator, IntoParallelIterator, ParallelIterator};

use super::Parts;
use super::ordinary::TABLED;
use super::pi_table::PiTable;

/// The number of primes per item of work. It is small, because the smallest primes take a million
/// steps each.
const CHUNK: usize = 8;

pub(super) fn sum(parts: &Parts<'_>) -> Option<u64> {
    let first = (parts.pi.of(parts.y.isqrt()) as usize).max(TABLED) + 1;
    let last = parts.primes.len() - 1;
    let chunks = (last + 1).saturating_sub(first).div_ceil(CHUNK);
    let share = super::SHARE_OF_EASY / chunks as f64;
    (0..chunks)
        .into_par_iter()
        // One item at a time: the first few have most of the leaves.
        .with_max_len(1)
        .map(|chunk| {
            let start = first + chunk * CHUNK;
            let end = (start + CHUNK).min(last + 1);
            let sum = (start..end).fold(0, |sum: u64, b| sum.wrapping_add(of_prime(parts, b)));
            (parts.go_on)(share).then_some(sum)
        })
        .try_reduce(|| 0, |a, b| Some(a.wrapping_add(b)))
}

/// The sum of the leaves of the `b`-th prime.
fn of_prime(parts: &Parts<'_>, b: usize) -> u64 {
    let Parts { primes, pi, y, .. } = parts;
    let p = u64::from(primes[b]);
    let rest = parts.x / p;
    // From here on `u < p`, and only 1 is left: the trivial leaves.
    let trivial = (rest / p).max(p);
    let mut sum = match trivial < *y {
        true => pi.of(*y) - pi.of(trivial),
        false => 0,
    };
    // Up to here `u > y`: the hard leaves.
    let hard = (rest / (y + 1)).max(p);
    // Between the two, `phi = pi(u) + 2 - b` for each prime `q`.
    let (top, bottom) = (trivial.min(*y), hard.min(*y));
    if bottom < top {
        let leaves = pi.of(top) - pi.of(bottom);
        let constant = 2_u64.wrapping_sub(b as u64);
        sum = sum
            .wrapping_add(constant.wrapping_mul(leaves))
            .wrapping_add(sum_of_pi(parts, rest, bottom, top));
    }
    sum
}

/// The sum of pi(rest / q) for the primes `bottom < q <= top`.
fn sum_of_pi(parts: &Parts<'_>, rest: u64, bottom: u64, top: u64) -> u64 {
    let Parts { primes, pi, .. } = parts;
    let between = |low: u64, high: u64| &primes[pi.of(low) as usize + 1..pi.of(high) as usize + 1];
    // Where `q` is larger than `u`, many consecutive `q` have the same pi(u): the clustered leaves.
    // It is cheaper to count them from the other side: each prime `r` up to `u` counts the `q` up
    // to `rest / r`.
    let middle = rest.isqrt().clamp(bottom, top);
    let mut sum = sum_of_counts(pi, rest, between(bottom, middle));
    if middle < top {
        let (least, most) = (rest / top, rest / middle);
        let factors = between(least, most);
        let below = pi.of(middle);
        sum = sum
            .wrapping_add(sum_of_counts(pi, rest, factors))
            .wrapping_sub(below.wrapping_mul(factors.len() as u64))
            .wrapping_add(pi.of(least).wrapping_mul(pi.of(top) - below));
    }
    sum
}

/// The sum of pi(rest / q) for many primes `q`.
fn sum_of_counts(pi: &PiTable, rest: u64, primes: &[u32]) -> u64 {
    #[cfg(target_arch = "x86_64")]
    {
        if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("popcnt") {
            // SAFETY: the processor has AVX2 and POPCNT.
            #[expect(unsafe_code, reason = "the features were just checked")]
            return unsafe { sum_of_counts_avx2(pi, rest, primes) };
        }
    }
    sum_of_counts_portable(pi, rest, primes)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,popcnt")]
fn sum_of_counts_avx2(pi: &PiTable, rest: u64, primes: &[u32]) -> u64 {
    sum_of_counts_portable(pi, rest, primes)
}

/// How many quotients are computed at once, several per instruction.
const LANES: usize = 32;

#[inline(always)]
fn sum_of_counts_portable(pi: &PiTable, rest: u64, primes: &[u32]) -> u64 {
    let one_by_one = |primes: &[u32]| {
        let counts = primes.iter().map(|&q| pi.of(rest / u64::from(q)));
        counts.fold(0, u64::wrapping_add)
    };
    if rest >= EXACT {
        return one_by_one(primes);
    }
    let (chunks, last) = primes.as_chunks::<LANES>();
    let mut sum = one_by_one(last);
    for chunk in chunks {
        // Round down. Both numbers are exact, so no quotient below a whole number is rounded up to
        // it.
        let mut quotients = [0; LANES];
        for (quotient, &q) in quotients.iter_mut().zip(chunk) {
            *quotient = (rest as f64 / f64::from(q)) as u32;
        }
        for u in quotients {
            sum = sum.wrapping_add(pi.of(u.into()));
        }
    }
    sum
}

/// Integers below this are exact as `f64`.
const EXACT: u64 = 1 << f64::MANTISSA_DIGITS;
