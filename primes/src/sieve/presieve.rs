//! The smallest primes, crossed off 64 bytes at a time.
//!
//! The multiples of `p` repeat every `p` bytes of the sieve, those of `p` and `q` together every `p * q`. So the
//! smallest primes, which have the most multiples, are not crossed off one by one: their patterns are made once and
//! ANDed over the sieve with the widest vectors the machine has. A pattern costs one AND per vector whatever its
//! primes; crossing off costs `8 / p` writes per byte. Up to about `p = 512` the pattern wins.

use std::sync::OnceLock;

use super::wheel::{bit_of, byte_of};

/// Primes up to here are crossed off by patterns; the sieve proper starts above.
pub(super) const LIMIT: u64 = 163;

/// Primes up to here share patterns in pairs, small with large: half the ANDs, and the tables still fit the L2 cache.
const PAIRED: u64 = 163;

/// Bytes handled at once: as many as the vector registers hold.
pub(super) const BLOCK: usize = 512;

/// Patterns ANDed in one pass: their tables stay in the L1 cache together with the window.
const GROUP: usize = 16;

/// The patterns of all primes from 7 to [`LIMIT`].
pub(super) struct Presieve {
    patterns: Vec<Pattern>,
}

/// What the multiples of some primes leave of the sieve: one period, then the first [`BLOCK`] bytes of it again, so
/// that a block can be read from any phase.
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
    /// The patterns, made at first use: about 190 KiB.
    pub(super) fn get() -> &'static Presieve {
        static PRESIEVE: OnceLock<Presieve> = OnceLock::new();
        PRESIEVE.get_or_init(|| {
            let (paired, single): (Vec<u64>, Vec<u64>) = Presieve::primes()
                .filter(|&p| p > 13)
                .partition(|&p| p <= PAIRED);
            let half = paired.len() / 2;
            let pairs = paired[..half].iter().zip(paired[half..].iter().rev());
            let mut patterns = vec![Pattern::new(&[7, 11, 13])];
            patterns.extend(pairs.map(|(&p, &q)| Pattern::new(&[p, q])));
            patterns.extend(single.iter().map(|&p| Pattern::new(&[p])));
            Presieve { patterns }
        })
    }

    /// The primes that the patterns cross off, themselves included.
    pub(super) fn primes() -> impl Iterator<Item = u64> {
        (7..=LIMIT).filter(|&n| (2..).take_while(|d| d * d <= n).all(|d| n % d != 0))
    }

    /// Crosses off the multiples of all presieved primes in `bytes`, which starts at byte `first` of the whole sieve.
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
                #[allow(unsafe_code)]
                return unsafe { and_patterns_avx512(&self.patterns, &mut phases, blocks) };
            }
            if is_x86_feature_detected!("avx2") {
                // SAFETY: the processor has AVX2.
                #[allow(unsafe_code)]
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

/// The loop itself, compiled once for each width of vector.
#[inline(always)]
fn and_patterns(patterns: &[Pattern], phases: &mut [usize], blocks: &mut [[u8; BLOCK]]) {
    for (patterns, phases) in patterns.chunks(GROUP).zip(phases.chunks_mut(GROUP)) {
        for block in &mut *blocks {
            let mut left = *block;
            for (pattern, phase) in patterns.iter().zip(&mut *phases) {
                let mask = &pattern.bytes[*phase..*phase + BLOCK];
                for (byte, mask) in left.iter_mut().zip(mask) {
                    *byte &= mask;
                }
                *phase += BLOCK;
                while *phase >= pattern.period {
                    *phase -= pattern.period;
                }
            }
            *block = left;
        }
    }
}
