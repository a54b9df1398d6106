//! The smallest primes, crossed off 64 bytes at a time.
//!
//! The multiples of `p` repeat every `p` bytes of the sieve, and those of `p` and `q` together
//! every `p * q` bytes. The smallest primes have the most multiples, so they are not crossed off
//! one by one. Their patterns are made once, and combined with the sieve by AND, in the widest
//! vectors of the machine. A pattern costs one AND per vector, whatever its primes; crossing off
//! costs `8 / p` writes per byte.
//!
//! [`Presieve::get`] makes the patterns, [`Presieve::cross_off`] applies them to whole blocks.

use std::sync::OnceLock;

use super::wheel::{bit_of, byte_of};

/// Primes up to this are crossed off by patterns, and larger ones by the sieve. A limit of 251 was
/// not faster: the tables grow out of the cache.
pub(super) const LIMIT: u64 = 163;

/// The bytes of one step: as many as the 16 registers of AVX2 hold.
pub(super) const BLOCK: usize = 512;

/// The patterns of all primes from 7 to [`LIMIT`].
pub(super) struct Presieve {
    patterns: Vec<Pattern>,
}

/// The bits that the multiples of some primes leave: one period, then its first [`BLOCK`] bytes
/// again, so that a block can be read from any phase.
struct Pattern {
    period: usize,
    bytes: Vec<u8>,
}

impl Pattern {
    fn new(primes: &[u64]) -> Pattern {
        let period = primes.iter().product::<u64>() as usize;
        let mut bytes = vec![0xFF; period + BLOCK];
        for &p in primes {
            let end = 30 * bytes.len() as u64 + 7;
            for multiple in (p..end).step_by(2 * p as usize) {
                if multiple >= 7 && multiple % 3 != 0 && multiple % 5 != 0 {
                    bytes[byte_of(multiple) as usize] &= !bit_of(multiple);
                }
            }
        }
        Pattern { period, bytes }
    }
}

impl Presieve {
    /// The patterns, made at first use: 17 of them, in total 80 KiB.
    pub(super) fn get() -> &'static Presieve {
        static PRESIEVE: OnceLock<Presieve> = OnceLock::new();
        PRESIEVE.get_or_init(|| {
            // In pairs, a small prime with a large one: half as many ANDs, and periods of similar
            // length.
            let primes: Vec<u64> = Presieve::primes().filter(|&p| p > 13).collect();
            let (small, large) = primes.split_at(primes.len() / 2);
            let pairs = small
                .iter()
                .zip(large.iter().rev())
                .map(|(&p, &q)| Pattern::new(&[p, q]));
            let patterns = std::iter::once(Pattern::new(&[7, 11, 13]))
                .chain(pairs)
                .collect();
            Presieve { patterns }
        })
    }

    /// The primes that the patterns cross off. The patterns cross off these primes themselves too.
    pub(super) fn primes() -> impl Iterator<Item = u64> {
        (7..=LIMIT).filter(|&n| (2..).take_while(|d| d * d <= n).all(|d| n % d != 0))
    }

    /// Crosses off the multiples of all presieved primes in `bytes`. Its first byte is byte `first`
    /// of the whole sieve.
    ///
    /// # Panics
    /// If the length is not a multiple of [`BLOCK`].
    pub(super) fn cross_off(&self, first: u64, bytes: &mut [u8]) {
        let (blocks, rest) = bytes.as_chunks_mut::<BLOCK>();
        assert!(rest.is_empty(), "a presieved stretch is whole blocks");
        let mut phases: Vec<usize> = self
            .patterns
            .iter()
            .map(|pattern| (first % pattern.period as u64) as usize)
            .collect();
        #[cfg(target_arch = "x86_64")]
        {
            if is_x86_feature_detected!("avx512f") {
                // SAFETY: the processor has AVX-512.
                #[expect(unsafe_code, reason = "the features were just checked")]
                return unsafe { and_patterns_avx512(&self.patterns, &mut phases, blocks) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                #[expect(unsafe_code, reason = "the features were just checked")]
                return unsafe { and_patterns_avx2(&self.patterns, &mut phases, blocks) };
            }
        }
        and_patterns(&self.patterns, &mut phases, blocks);
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f")]
fn and_patterns_avx512(patterns: &[Pattern], phases: &mut [usize], blocks: &mut [[u8; BLOCK]]) {
    and_patterns(patterns, phases, blocks);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn and_patterns_avx2(patterns: &[Pattern], phases: &mut [usize], blocks: &mut [[u8; BLOCK]]) {
    and_patterns(patterns, phases, blocks);
}

/// The loop, compiled once for each vector width.
#[inline(always)]
fn and_patterns(patterns: &[Pattern], phases: &mut [usize], blocks: &mut [[u8; BLOCK]]) {
    for block in blocks {
        let mut left = *block;
        for (pattern, phase) in patterns.iter().zip(&mut *phases) {
            let mask = &pattern.bytes[*phase..*phase + BLOCK];
            for (byte, mask) in left.iter_mut().zip(mask) {
                *byte &= mask;
            }
            *phase = (*phase + BLOCK) % pattern.period;
        }
        *block = left;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_presieved_prime_is_in_a_pattern_and_the_tables_are_small() {
        let presieve = Presieve::get();
        let product: f64 = presieve
            .patterns
            .iter()
            .map(|it| (it.period as f64).ln())
            .sum();
        let expected: f64 = Presieve::primes().map(|p| (p as f64).ln()).sum();
        assert!((product - expected).abs() < 1e-6);
        let size: usize = presieve
            .patterns
            .iter()
            .map(|pattern| pattern.bytes.len())
            .sum();
        assert!(size < 100 << 10, "{size} bytes");
    }

    #[test]
    fn all_widths_of_vectors_do_the_same() {
        let presieve = Presieve::get();
        let mut wide = vec![0xFF; 8 * BLOCK];
        presieve.cross_off(1_000_003, &mut wide);
        let mut narrow = vec![0xFF; 8 * BLOCK];
        let mut phases: Vec<usize> = presieve
            .patterns
            .iter()
            .map(|it| 1_000_003 % it.period)
            .collect();
        and_patterns(&presieve.patterns, &mut phases, narrow.as_chunks_mut().0);
        assert!(wide == narrow);
    }
}
