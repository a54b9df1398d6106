//! A segment of a sieve that counts its remaining numbers, in total and per block.
//!
//! A byte represents thirty numbers, as in the sieve of primes, but here it starts at a multiple of
//! 30: the number 1 is never removed.

use std::sync::OnceLock;

use super::super::pi_table::UP_TO;
use crate::sieve::COPRIME;

/// The size of a segment in bytes: it fits the L1 cache together with the counters.
const BYTES: usize = 32 << 10;

/// The size of a segment in numbers.
pub(super) const NUMBERS: u64 = 30 * BYTES as u64;

/// Bytes for each counter.
const BLOCK: usize = 128;
const BLOCKS: usize = BYTES / BLOCK;

/// The size of a word (eight bytes) in numbers.
const WORD_NUMBERS: u64 = 240;
const WORDS_PER_BLOCK: usize = BLOCK / 8;

/// The multiples of the smallest primes repeat. Those of primes up to this one are removed by
/// copying a pattern.
pub(super) const LARGEST_PATTERN: u64 = 17;
const PERIOD: usize = 7 * 11 * 13 * 17;

/// A prime smaller than this removes so much that counting the whole segment again is faster than
/// counting each removed number.
const RECOUNTED: u64 = 300;

/// One multiple of a prime: the bit that it clears, and the distance to the next.
#[derive(Clone, Copy)]
struct Hit {
    bit: u8,
    /// The next multiple lies `p / 30 * gap + carry` bytes on.
    gap: u8,
    carry: u8,
    next: u8,
}

/// By the class of the prime mod 30, times eight, plus the class of its cofactor.
const HITS: [Hit; 64] = {
    let mut hits = [Hit {
        bit: 0,
        gap: 0,
        carry: 0,
        next: 0,
    }; 64];
    let mut state = 0;
    while state < 64 {
        let (residue, cofactor) = (COPRIME[state / 8], COPRIME[state % 8]);
        let last = state % 8 == 7;
        let next = if last { 31 } else { COPRIME[state % 8 + 1] };
        let mut bit = 0;
        while COPRIME[bit] != residue * cofactor % 30 {
            bit += 1;
        }
        hits[state] = Hit {
            bit: bit as u8,
            gap: (next - cofactor) as u8,
            carry: (residue * next / 30 - residue * cofactor / 30) as u8,
            next: if last { state - 7 } else { state + 1 } as u8,
        };
        state += 1;
    }
    hits
};

/// The remaining numbers of a segment.
pub(super) struct CountedSieve<'p> {
    /// By index, from 1 on.
    primes: &'p [u32],
    bytes: Box<[u8; BYTES]>,
    counters: [u32; BLOCKS],
    left: u64,
    /// The segment that comes next.
    segment: u64,
    /// For each prime, its next multiple: the byte from the segment's start, and the hit.
    next: Vec<(u32, u8)>,
}

impl<'p> CountedSieve<'p> {
    /// A sieve that is positioned before a segment.
    pub(super) fn new(segment: u64, primes: &'p [u32]) -> CountedSieve<'p> {
        let first = segment * BYTES as u64;
        let next = primes.iter().map(|&p| first_hit(p.into(), first));
        CountedSieve {
            primes,
            bytes: Box::new([0; BYTES]),
            counters: [0; BLOCKS],
            left: 0,
            segment,
            next: next.collect(),
        }
    }

    /// Starts the next segment, without the multiples of the smallest primes.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        let pattern = pattern();
        let mut phase = (self.segment * BYTES as u64 % PERIOD as u64) as usize;
        let mut rest = &mut self.bytes[..];
        while !rest.is_empty() {
            let length = rest.len().min(PERIOD - phase);
            let (now, later) = rest.split_at_mut(length);
            now.copy_from_slice(&pattern[phase..phase + length]);
            (rest, phase) = (later, 0);
        }
        self.segment += 1;
        self.count_all();
    }

    /// How many numbers remain.
    pub(super) fn left(&self) -> u64 {
        self.left
    }

    /// Removes the multiples of the `b`-th prime. Call it for each prime, starting with the first
    /// one after the pattern's. A later segment may not go further than the one before.
    #[inline(always)]
    pub(super) fn cross_off(&mut self, b: usize) {
        let p = self.primes[b];
        let k = p as usize / 30;
        let (byte, state) = self.next[b];
        let (mut byte, mut state) = (byte as usize, state);
        if u64::from(p) < RECOUNTED {
            while byte < BYTES {
                let hit = HITS[usize::from(state)];
                self.bytes[byte] &= !(1 << hit.bit);
                byte += k * usize::from(hit.gap) + usize::from(hit.carry);
                state = hit.next;
            }
            self.count_all();
        } else {
            while byte < BYTES {
                let hit = HITS[usize::from(state)];
                let was = u32::from(self.bytes[byte] >> hit.bit & 1);
                self.bytes[byte] &= !(1 << hit.bit);
                self.counters[byte / BLOCK] -= was;
                self.left -= u64::from(was);
                byte += k * usize::from(hit.gap) + usize::from(hit.carry);
                state = hit.next;
            }
        }
        self.next[b] = ((byte - BYTES) as u32, state);
    }

    #[inline(always)]
    fn count_all(&mut self) {
        self.left = 0;
        let (blocks, _) = self.bytes.as_chunks::<BLOCK>();
        for (block, counter) in blocks.iter().zip(&mut self.counters) {
            let (words, _) = block.as_chunks();
            let ones = words
                .iter()
                .map(|&word| u64::from_le_bytes(word).count_ones());
            *counter = ones.sum();
            self.left += u64::from(*counter);
        }
    }

    /// A counter for questions in ascending order.
    #[inline(always)]
    pub(super) fn counter(&self) -> Counter<'_> {
        Counter {
            words: self.bytes.as_chunks().0,
            counters: &self.counters,
            block: 0,
            blocks_before: 0,
            word: 0,
            words_before: 0,
        }
    }
}

/// The first multiple of a prime, from a given byte on, that has a bit.
fn first_hit(p: u64, first: u64) -> (u32, u8) {
    if p <= LARGEST_PATTERN {
        return (0, 0);
    }
    let mut cofactor = (30 * first).div_ceil(p).max(1);
    while cofactor % 2 == 0 || cofactor % 3 == 0 || cofactor % 5 == 0 {
        cofactor += 1;
    }
    let class = |n: u64| {
        COPRIME
            .iter()
            .position(|&it| it as u64 == n % 30)
            .unwrap_or(0)
    };
    let byte = p * cofactor / 30 - first;
    (byte as u32, (8 * class(p) + class(cofactor)) as u8)
}

/// The numbers that the smallest primes leave, from a multiple of the period on.
fn pattern() -> &'static [u8] {
    static PATTERN: OnceLock<Vec<u8>> = OnceLock::new();
    PATTERN.get_or_init(|| {
        let left = |n: usize| [7, 11, 13, 17].iter().all(|p| n % p != 0);
        let byte = |first: usize| {
            let bits = COPRIME.iter().enumerate();
            bits.filter(|&(_, offset)| left(30 * first + offset))
                .fold(0, |byte, (bit, _)| byte | 1 << bit)
        };
        (0..PERIOD).map(byte).collect()
    })
}

/// Counts the remaining numbers up to given numbers in ascending order.
pub(super) struct Counter<'s> {
    words: &'s [[u8; 8]],
    counters: &'s [u32; BLOCKS],
    block: usize,
    blocks_before: u64,
    word: usize,
    words_before: u64,
}

impl Counter<'_> {
    /// How many numbers of the segment remain up to the one at `offset` from its start. Offsets
    /// must not decrease.
    #[inline(always)]
    pub(super) fn up_to(&mut self, offset: u64) -> u64 {
        let word = (offset / WORD_NUMBERS) as usize;
        let block = word / WORDS_PER_BLOCK;
        if block > self.block {
            let passed = &self.counters[self.block..block];
            self.blocks_before += passed.iter().map(|&it| u64::from(it)).sum::<u64>();
            (self.block, self.word, self.words_before) = (block, block * WORDS_PER_BLOCK, 0);
        }
        for word in &self.words[self.word..word] {
            self.words_before += u64::from(u64::from_le_bytes(*word).count_ones());
        }
        self.word = word;
        let bits = u64::from_le_bytes(self.words[word]) & UP_TO[(offset % WORD_NUMBERS) as usize];
        self.blocks_before + self.words_before + u64::from(bits.count_ones())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::interval;

    #[test]
    fn counts_are_those_of_the_numbers_left() {
        let primes: Vec<u32> = std::iter::once(0)
            .chain(interval::primes(0..=1000).map(|p| p as u32))
            .collect();
        for first in [0, 1, 1000] {
            let mut sieve = CountedSieve::new(first, &primes);
            for segment in first..first + 2 {
                let low = segment * NUMBERS;
                let mut left: Vec<u64> = (low..low + NUMBERS)
                    .filter(|n| [2, 3, 5, 7, 11, 13, 17].iter().all(|p| n % p != 0))
                    .collect();
                sieve.begin();
                for (b, &p) in primes.iter().enumerate().skip(8) {
                    assert_eq!(sieve.left(), left.len() as u64, "{segment}, {b}");
                    let mut counter = sieve.counter();
                    for offset in (0..NUMBERS).step_by(997 * b) {
                        let expected = left.partition_point(|&n| n <= low + offset);
                        assert_eq!(counter.up_to(offset), expected as u64);
                    }
                    sieve.cross_off(b);
                    left.retain(|n| n % u64::from(p) != 0);
                }
            }
        }
    }
}
