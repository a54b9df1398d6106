//! The segmented sieve of Eratosthenes: the primes of any range below 2^64. Its memory grows with
//! the root of the range's end.
//!
//! Multiples of 2, 3 and 5 are not stored (`wheel.rs`). Primes are crossed off in four ways, by
//! size: the smallest by patterns (`presieve.rs`), small ones by whole turns of the wheel in the L1
//! cache, medium ones likewise in the L2 cache (`cross_off.rs`), and primes larger than a segment
//! by buckets (`buckets.rs`).

mod buckets;
mod cross_off;
mod popcount;
mod presieve;
mod primes;
mod segment;
mod wheel;

use std::ops::RangeInclusive;

use buckets::Buckets;
use cross_off::{Turns, offset};
use presieve::{BLOCK, Presieve};
pub use primes::Primes;
use primes::SievingPrimes;
pub use segment::Segment;
use segment::candidates_where;
pub(crate) use wheel::COPRIME;
use wheel::{HITS, bit_of, byte_of, class_of, first_step};

// These sizes were the fastest on a core with 32 KiB of L1 and 1 MiB of L2 cache. Half or twice a
// size costs a few per cent.

/// The bytes of a segment, 30 numbers each. It fits the L2 cache together with the medium sieving
/// primes.
const SEGMENT: usize = 1 << SEGMENT_BITS;
const SEGMENT_BITS: u32 = 19;

/// The bytes of a window: the part of a segment in which the small primes are crossed off. It fits
/// the L1 cache.
const WINDOW: usize = 28 << 10;

/// The largest small prime. One of its turns is longer than a window. But windows are consecutive,
/// so the bytes of one turn are still in the cache for the next prime.
const SMALL: u64 = 32 << 10;

/// The largest medium prime. One of its turns is three times as long as a segment. Writes after the
/// segment's end are carried over to the next segment; this is still cheaper than the eight entries
/// of a bucket.
const MEDIUM: u64 = 1536 << 10;

/// How many sieving primes are added between two checkpoints: about a millisecond.
const PRIMES_PER_CHECKPOINT: u64 = 1 << 16;

/// Sieves a range of numbers segment by segment.
pub struct Sieve {
    range: RangeInclusive<u64>,
    /// The bytes of the whole sieve that are still to be sieved: `next..=last`.
    next: u64,
    last: u64,
    /// A segment, followed by space for the medium primes' writes after its end. These bytes are
    /// moved to the front of the next segment.
    bytes: Vec<u8>,
    segment: usize,
    reach: usize,
    small: Turns,
    medium: Turns,
    large: Buckets,
    sieving_primes: SievingPrimes,
}

impl Sieve {
    /// A sieve for an inclusive range. An empty range has no segments. No segment contains the
    /// primes 2, 3 and 5.
    pub fn new(range: RangeInclusive<u64>) -> Sieve {
        Sieve::with_segment(range, SEGMENT)
    }

    fn with_segment(range: RangeInclusive<u64>, largest: usize) -> Sieve {
        // Patterns need whole blocks, and buckets compute a byte's bucket by a shift.
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

    /// Like [`next_segment`](Sieve::next_segment), but calls `go_on` every few milliseconds:
    /// finding the sieving primes for the first segment takes seconds near 2^64. If it returns
    /// false, the result is `None`, and the sieve can't be used any more.
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
        self.large.cross_off(&mut self.bytes, left);
        self.restore_and_trim(first, len);
        self.next += len as u64;
        Some(Some(Segment {
            first,
            bytes: &self.bytes[..len],
        }))
    }

    /// Moves the bytes after the end of the last segment to the front of the next.
    fn carry(&mut self) {
        self.bytes.copy_within(self.segment.., 0);
        // `cross_off_small` overwrites the bytes between.
        self.bytes[self.segment.max(self.reach)..].fill(0xFF);
    }

    /// Adds the sieving primes whose squares lie in the next segment or before it.
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
        // Turn `q` has the multiples `p * 30q ..= p * (30q + 29)`. Turn `k` has the square, the
        // first multiple that is needed.
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
        // Near 2^64, for a short range, almost every prime has its first multiple after the end:
        // detect that early. The multiple itself may exceed 2^64, but its distance does not.
        if p.wrapping_mul(cofactor).wrapping_sub(start) / 30 > left {
            return;
        }
        let (cofactor, state) = first_step(class_of(p), cofactor.max(p));
        let byte = p.wrapping_mul(cofactor).wrapping_sub(start) / 30;
        if byte < left {
            self.large.push((p / 30) as u32, state, byte);
        }
    }

    /// Applies the patterns and crosses off the small primes, window by window, so that the bytes
    /// are in the L1 cache for both.
    fn cross_off_small(&mut self, first: u64, len: usize) {
        let mut presieved = 0;
        for start in (0..len).step_by(WINDOW) {
            let window = WINDOW.min(len - start);
            // The last turns of a window extend into the next one.
            let end = (start + window + SMALL as usize)
                .min(len)
                .next_multiple_of(BLOCK);
            // The front contains the carried bytes. The rest still contains the segment before.
            self.bytes[presieved.max(self.reach.min(end))..end].fill(0xFF);
            Presieve::get().cross_off(first + presieved as u64, &mut self.bytes[presieved..end]);
            presieved = end;
            self.small.cross_off(&mut self.bytes[start..], window);
        }
    }

    /// Restores the primes that crossed off themselves, and clears the numbers outside the range.
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
            // Candidates of the last byte may exceed 2^64.
            self.bytes[len - 1] &= candidates_where(|offset| offset <= end - 30 * self.last);
            self.bytes[len..].fill(0);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::constellation::Constellation;
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

    /// With small segments all classes of sieving primes are used: 1e8 needs sieving primes up to
    /// 1e4, far above 512 bytes.
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

    /// Ranges at the end of `u64`, compared with single tests.
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
            // High enough that some sieving primes are large.
            start in 0_u64..1 << 46,
            shift in 0_u32..46,
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
