//! The segmented sieve of Eratosthenes: primes of any range below 2^64, in memory that grows with
//! the root of the range's end.
//!
//! Multiples of 2, 3 and 5 are not stored (`wheel.rs`). Primes are crossed off in four ways, by
//! size: patterns of the smallest (`presieve.rs`), whole turns of the wheel in the L1 cache for
//! small ones and in the L2 cache for medium ones (`cross_off.rs`), and buckets for those larger
//! than a segment (`buckets.rs`).

mod buckets;
mod cross_off;
mod popcount;
mod presieve;
mod wheel;

use std::ops::RangeInclusive;

use crate::constellation::Constellation;

use buckets::Buckets;
use cross_off::{Turns, offset};
use presieve::{BLOCK, Presieve};
pub(crate) use wheel::COPRIME;
use wheel::{CANDIDATES, HITS, bit_of, byte_of, class_of, first_step};

// The sizes are those that counted fastest on a core with 48 KiB of L1 and 2 MiB of L2 cache; halving
// or doubling one costs a few per cent.

/// Bytes of a segment, 30 numbers each: together with the medium sieving primes it stays in the L2
/// cache.
const SEGMENT: usize = 1 << SEGMENT_BITS;
const SEGMENT_BITS: u32 = 20;

/// Bytes of a window, the part of a segment that the small primes are crossed off in: it stays in
/// the L1 cache.
const WINDOW: usize = 40 << 10;

/// The largest small prime. Its turns are longer than a window, but windows follow each other, and
/// so what one turn touches is still close by for the next prime's.
const SMALL: u64 = 64 << 10;

/// The largest medium prime: it still makes two turns in a segment.
const MEDIUM: u64 = 512 << 10;

/// How many sieving primes are taken up between two checkpoints: about a millisecond's worth.
const PRIMES_PER_CHECKPOINT: u64 = 1 << 16;

/// Walks a range of numbers segment by segment.
pub struct Sieve {
    range: RangeInclusive<u64>,
    /// The bytes of the whole sieve that are still to be sieved: `next..=last`.
    next: u64,
    last: u64,
    /// A segment, then room for what medium primes cross off beyond its end: that is carried to the
    /// front of the next.
    bytes: Vec<u8>,
    segment: usize,
    reach: usize,
    small: Turns,
    medium: Turns,
    large: Buckets,
    sieving_primes: SievingPrimes,
}

impl Sieve {
    /// Starts on an inclusive range. An empty one has no segments; the primes 2, 3 and 5 are in
    /// none.
    pub fn new(range: RangeInclusive<u64>) -> Sieve {
        Sieve::with_segment(range, SEGMENT)
    }

    fn with_segment(range: RangeInclusive<u64>, largest: usize) -> Sieve {
        // Whole blocks for the patterns, and a shift finds a byte's bucket.
        debug_assert!(largest.is_power_of_two() && largest >= BLOCK);
        let (start, end) = ((*range.start()).max(7), *range.end());
        let (next, last) = if start <= end {
            (byte_of(start), byte_of(end))
        } else {
            (1, 0)
        };
        let root = if start <= end { end.isqrt() } else { 0 };
        let length =
            usize::try_from(last.saturating_sub(next).saturating_add(1)).unwrap_or(usize::MAX);
        let segment = length.min(largest).next_multiple_of(BLOCK);
        let reach = root.min(MEDIUM) as usize;
        Sieve {
            range,
            next,
            last,
            bytes: vec![0xFF; segment + reach],
            segment,
            reach,
            small: Turns::new(reach.min(SMALL as usize)),
            medium: Turns::new(reach),
            large: Buckets::new(
                segment.next_power_of_two().ilog2(),
                if root > MEDIUM { root } else { 0 },
                length as u64,
            ),
            sieving_primes: SievingPrimes::up_to(root),
        }
    }

    /// Sieves the next segment, or returns `None` when the range is done.
    pub fn next_segment(&mut self) -> Option<Segment<'_>> {
        self.next_segment_while(|| true).flatten()
    }

    /// [`next_segment`](Sieve::next_segment), calling `go_on` every few milliseconds: finding the
    /// sieving primes for the first segment takes seconds near 2^64. `None` if that said no: the sieve
    /// is then of no use.
    pub fn next_segment_while(
        &mut self,
        go_on: impl FnMut() -> bool,
    ) -> Option<Option<Segment<'_>>> {
        if self.next > self.last {
            return Some(None);
        }
        let first = self.next;
        let left = self.last - first + 1;
        let len = self
            .segment
            .min(usize::try_from(left).unwrap_or(usize::MAX));
        self.carry();
        self.add_sieving_primes(first, len, left, go_on)?;
        self.cross_off_small(first, len);
        self.medium.cross_off(&mut self.bytes, len);
        self.large.cross_off(&mut self.bytes[..len], left);
        self.restore_and_trim(first, len);
        self.next += len as u64;
        Some(Some(Segment {
            first,
            bytes: &self.bytes[..len],
        }))
    }

    /// Moves what was crossed off beyond the last segment to the front of the next.
    fn carry(&mut self) {
        self.bytes.copy_within(self.segment.., 0);
        // What lies between is made new by `cross_off_small`.
        self.bytes[self.segment.max(self.reach)..].fill(0xFF);
    }

    /// Takes up the sieving primes whose squares lie in the next segment or before it.
    fn add_sieving_primes(
        &mut self,
        first: u64,
        len: usize,
        left: u64,
        mut go_on: impl FnMut() -> bool,
    ) -> Option<()> {
        let end = (30 * (first + len as u64 - 1))
            .saturating_add(31)
            .min(*self.range.end());
        let mut added = 0;
        while let Some(p) = self.sieving_primes.next_with_square_up_to(end) {
            if p > MEDIUM {
                self.add_large(p, first, left);
            } else {
                self.add_turns(p, first);
            }
            added += 1;
            if added % PRIMES_PER_CHECKPOINT == 0 && !go_on() {
                return None;
            }
        }
        Some(())
    }

    fn add_turns(&mut self, p: u64, first: u64) {
        let (k, class) = (p / 30, class_of(p));
        // Turn `q` has the multiples `p * 30q ..= p * (30q + 29)`: turn `k` has the square, the
        // first that matters.
        let mut turn = first / p;
        if turn < k {
            turn = k;
        } else {
            // The range starts within this turn.
            for (step, hit) in HITS[class].iter().enumerate() {
                let byte = p * turn + offset(k as usize, class, step) as u64;
                if byte >= first {
                    self.bytes[(byte - first) as usize] &= hit.mask;
                }
            }
            turn += 1;
        }
        let turns = if p <= SMALL {
            &mut self.small
        } else {
            &mut self.medium
        };
        turns.push(p as u32, (p * turn - first) as u32);
    }

    #[inline(always)]
    fn add_large(&mut self, p: u64, first: u64, left: u64) {
        let start = 30 * first + 7;
        let cofactor = start.div_ceil(p);
        // Near 2^64 nearly every prime has its first multiple beyond a short range: see that early.
        // The multiple itself may lie beyond 2^64, its distance does not.
        if p.wrapping_mul(cofactor).wrapping_sub(start) / 30 > left {
            return;
        }
        let (cofactor, state) = first_step(class_of(p), cofactor.max(p));
        let byte = p.wrapping_mul(cofactor).wrapping_sub(start) / 30;
        if byte < left {
            self.large.push((p / 30) as u32, state, byte);
        }
    }

    /// Presieves the segment and crosses off the small primes, window by window, so that both find
    /// it in the L1 cache.
    fn cross_off_small(&mut self, first: u64, len: usize) {
        let mut presieved = 0;
        for start in (0..len).step_by(WINDOW) {
            let window = WINDOW.min(len - start);
            // The window's last turns reach into the next one.
            let end = (start + window + SMALL as usize)
                .min(len)
                .next_multiple_of(BLOCK);
            // The front holds what was carried; the rest still holds the segment before this one.
            self.bytes[presieved.max(self.reach.min(end))..end].fill(0xFF);
            Presieve::get().cross_off(first + presieved as u64, &mut self.bytes[presieved..end]);
            presieved = end;
            self.small.cross_off(&mut self.bytes[start..], window);
        }
    }

    /// Brings back the primes that crossed off themselves, and clears what lies outside the range.
    fn restore_and_trim(&mut self, first: u64, len: usize) {
        if first <= byte_of(presieve::LIMIT) {
            for p in Presieve::primes() {
                let byte = byte_of(p);
                if (first..first + len as u64).contains(&byte) {
                    self.bytes[(byte - first) as usize] |= bit_of(p);
                }
            }
        }
        let start = *self.range.start();
        if start > 7 && byte_of(start) == first {
            self.bytes[0] &= candidates_where(|offset| offset >= start - 30 * first);
        }
        if first + len as u64 > self.last {
            let end = *self.range.end();
            // The last byte's candidates may lie beyond 2^64.
            self.bytes[len - 1] &= candidates_where(|offset| offset <= end - 30 * self.last);
            self.bytes[len..].fill(0);
        }
    }
}

/// A byte with the bits of those candidates whose offset passes.
fn candidates_where(passes: impl Fn(u64) -> bool) -> u8 {
    (0..8)
        .filter(|&bit| passes(CANDIDATES[bit]))
        .fold(0, |byte, bit| byte | 1 << bit)
}

/// The sieved numbers of one stretch of a range.
pub struct Segment<'a> {
    first: u64,
    bytes: &'a [u8],
}

impl Segment<'_> {
    /// How many primes the segment has, or how many constellations: none straddles two segments.
    pub fn count(&self, what: Constellation) -> u64 {
        if what == Constellation::Single {
            return popcount::count_ones(self.bytes);
        }
        let table = constellations_by_byte(what);
        self.bytes
            .iter()
            .map(|&byte| u64::from(table[usize::from(byte)]))
            .sum()
    }
}

impl<'a> Segment<'a> {
    /// How many numbers it stands for.
    pub fn numbers(&self) -> u64 {
        30 * self.bytes.len() as u64
    }

    /// The last number that it stands for.
    pub(crate) fn last(&self) -> u64 {
        // The last byte has the numbers up to the next one's first candidate.
        30 * (self.first + self.bytes.len() as u64 - 1) + 36
    }

    /// Counts its primes up to one number after the other.
    pub(crate) fn counter(&self) -> Counter<'a> {
        Counter {
            first: self.first,
            bytes: self.bytes,
            at: 0,
            before: 0,
        }
    }
}

/// Counts the primes of a segment, in ascending order of the questions.
pub(crate) struct Counter<'a> {
    first: u64,
    bytes: &'a [u8],
    at: usize,
    before: u64,
}

impl Counter<'_> {
    /// How many primes of the segment there are up to `n`, which lies in it, and is no smaller than
    /// the one before.
    pub(crate) fn up_to(&mut self, n: u64) -> u64 {
        let byte = (byte_of(n) - self.first) as usize;
        self.before += popcount::count_ones(&self.bytes[self.at..byte]);
        self.at = byte;
        let offset = n - 30 * byte_of(n);
        let here = self.bytes[byte] & candidates_where(|candidate| candidate <= offset);
        self.before + u64::from(here.count_ones())
    }

    /// How many it has in all.
    pub(crate) fn rest(&mut self) -> u64 {
        self.before + popcount::count_ones(&self.bytes[self.at..])
    }
}

/// For each value of a byte, how many constellations its primes form.
fn constellations_by_byte(what: Constellation) -> [u8; 256] {
    let bit = |offset| {
        CANDIDATES
            .iter()
            .position(|&candidate| candidate == offset)
            .map(|bit| 1 << bit)
    };
    let masks = CANDIDATES.iter().flat_map(|&first| {
        what.shapes().iter().filter_map(move |shape| {
            shape.iter().try_fold(bit(first)?, |mask: u8, &difference| {
                Some(mask | bit(first + difference)?)
            })
        })
    });
    let masks: Vec<u8> = masks.collect();
    std::array::from_fn(|byte| {
        masks
            .iter()
            .filter(|&&mask| byte as u8 & mask == mask)
            .count() as u8
    })
}

/// The primes of a [`Sieve`], in order.
pub struct Primes {
    sieve: Sieve,
    /// The current segment: its first byte in the whole sieve, and its length.
    first: u64,
    len: usize,
    /// The current eight bytes, and the primes of them that are still to come.
    at: usize,
    word: u64,
}

/// The primes of what is still to be sieved, in order.
impl IntoIterator for Sieve {
    type Item = u64;
    type IntoIter = Primes;

    fn into_iter(self) -> Primes {
        Primes {
            sieve: self,
            first: 0,
            len: 0,
            at: 0,
            word: 0,
        }
    }
}

impl Iterator for Primes {
    type Item = u64;

    #[inline]
    fn next(&mut self) -> Option<u64> {
        while self.word == 0 {
            self.at += 8;
            if self.at >= self.len {
                let segment = self.sieve.next_segment()?;
                (self.first, self.len, self.at) = (segment.first, segment.bytes.len(), 0);
            }
            let mut word = [0; 8];
            word.copy_from_slice(&self.sieve.bytes[self.at..self.at + 8]);
            self.word = u64::from_le_bytes(word);
        }
        let bit = self.word.trailing_zeros() as usize;
        self.word &= self.word - 1;
        Some(30 * (self.first + (self.at + bit / 8) as u64) + CANDIDATES[bit % 8])
    }
}

/// The sieving primes themselves: a smaller sieve, run only as far as needed.
struct SievingPrimes {
    primes: Option<Box<Primes>>,
    next: u64,
}

impl SievingPrimes {
    /// Bytes of the smaller sieve's segments: it shares the cache with the larger one.
    const SEGMENT: usize = 64 << 10;

    /// The primes above the presieved ones, up to `root`.
    fn up_to(root: u64) -> SievingPrimes {
        let mut primes = (root > presieve::LIMIT).then(|| {
            Box::new(
                Sieve::with_segment(presieve::LIMIT + 1..=root, SievingPrimes::SEGMENT).into_iter(),
            )
        });
        let next = primes
            .as_mut()
            .and_then(|primes| primes.next())
            .unwrap_or(u64::MAX);
        SievingPrimes { primes, next }
    }

    /// The next prime, if its square is at most `end`.
    #[inline(always)]
    fn next_with_square_up_to(&mut self, end: u64) -> Option<u64> {
        let p = self.next;
        // No sieving prime is as large as 2^32.
        if p > u32::MAX.into() || p * p > end {
            return None;
        }
        self.next = self
            .primes
            .as_mut()
            .and_then(|primes| primes.next())
            .unwrap_or(u64::MAX);
        Some(p)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::miller_rabin::is_prime;
    use proptest::prelude::*;

    fn count(range: RangeInclusive<u64>, largest: usize) -> u64 {
        let mut sieve = Sieve::with_segment(range, largest);
        let mut count = 0;
        while let Some(segment) = sieve.next_segment() {
            count += segment.count(Constellation::Single);
        }
        count
    }

    /// OEIS A006880.
    #[test]
    fn counts_up_to_powers_of_ten() {
        for (n, pi) in [
            (10, 4),
            (100, 25),
            (1000, 168),
            (1_000_000, 78_498),
            (100_000_000, 5_761_455),
        ] {
            assert_eq!(count(0..=n, SEGMENT), pi - 3, "up to {n}");
        }
    }

    /// Small segments put every class of sieving primes to work: 1e8 has sieving primes up to 1e4,
    /// far above 512 bytes.
    #[test]
    fn the_size_of_segments_does_not_matter() {
        for segment in [512, 1024, 8192, 65_536] {
            assert_eq!(
                count(0..=10_000_000, segment),
                664_579 - 3,
                "segments of {segment} bytes"
            );
        }
    }

    #[test]
    fn empty_ranges_have_no_segments() {
        #[expect(clippy::reversed_empty_ranges, reason = "that is the point")]
        for range in [0..=6, 10..=9, u64::MAX..=0] {
            assert!(Sieve::new(range).next_segment().is_none());
        }
    }

    /// Ranges that end where arithmetic does; single tests are the judge.
    #[test]
    fn the_last_numbers_of_all() {
        for length in [0, 5, 58, 59, 1000] {
            let range = u64::MAX - length..=u64::MAX;
            let found = Sieve::new(range.clone()).into_iter();
            assert!(
                found.eq(range.filter(|&n| is_prime(n))),
                "the last {length}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_prime_of_a_range_and_nothing_else(
            start in 0_u64..1 << 40,
            shift in 0_u32..40,
            length in 0_u64..30_000,
        ) {
            let start = start >> shift;
            let stop = start + length;
            let found: Vec<u64> = Sieve::new(start..=stop).into_iter().collect();
            let expected: Vec<u64> = (start.max(7)..=stop).filter(|&n| is_prime(n)).collect();
            prop_assert_eq!(found, expected);
        }
    }
}
