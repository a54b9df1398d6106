//! Large sieving primes: filed under the segment that holds their next multiple.
//!
//! A prime larger than a segment misses most segments; asking every prime at every segment would
//! cost more than the crossing off. So each waits in the bucket of the segment where it next hits
//! (the bucket sieve of Tomás Oliveira e Silva), and a segment touches only the primes that are
//! due.
//!
//! All buckets lie in one array, in chunks of one size: chunks that a segment is done with are the
//! next to be filled, while the caches still have them. Filing a prime is one write at the place
//! where its bucket ends; that the place is a chunk's last is seen from its index.

use std::ops::Range;

use super::wheel::{STEPS, next_state};

/// The sieving primes above the medium ones, each in the bucket of the segment of its next
/// multiple.
pub(super) struct Buckets {
    /// The primes, in chunks.
    due: Vec<Due>,
    /// By chunk: the one that was filled before it for the same bucket, or that was freed before it.
    before: Vec<u32>,
    /// The last chunk that was freed.
    free: u32,
    /// A ring, its length a power of two, of where each bucket's next prime goes: the one at `front`
    /// is that of the segment about to be sieved. Each has a chunk.
    ends: Vec<usize>,
    front: usize,
    segment_bits: u32,
}

/// How many primes a chunk holds: 8 KiB, so that a half-filled one is small beside a segment.
const CHUNK: usize = 1024;

/// In place of a chunk.
const NONE: u32 = u32::MAX;

/// The largest distance of two cofactors that 2, 3, 5 and 7 do not divide.
const LARGEST_GAP: u64 = 10;

/// A sieving prime `30k + r` and its next multiple, in one word: `k` in the low 32 bits, then
/// [`BYTE_BITS`] of the byte in its segment, then the state in [`STEPS`].
#[derive(Clone, Copy, Default)]
struct Due(u64);

impl Due {
    #[inline(always)]
    fn new(k: u64, state: usize, byte: u64) -> Due {
        Due(k | byte << 32 | (state as u64) << (32 + BYTE_BITS))
    }

    #[inline(always)]
    fn k(self) -> u64 {
        self.0 & u64::from(u32::MAX)
    }

    #[inline(always)]
    fn byte(self) -> u64 {
        self.0 >> 32 & BYTE
    }

    #[inline(always)]
    fn state(self) -> usize {
        (self.0 >> (32 + BYTE_BITS)) as usize
    }
}

const BYTE_BITS: u32 = 23;
const BYTE: u64 = (1 << BYTE_BITS) - 1;

impl Buckets {
    /// Buckets for segments of `1 << segment_bits` bytes, of primes up to `largest` whose multiples
    /// lie less than `end` bytes ahead.
    pub(super) fn new(segment_bits: u32, largest: u64, end: u64) -> Buckets {
        assert!(
            segment_bits <= BYTE_BITS,
            "the byte and the state share a word"
        );
        let farthest = ((largest / 30 + 1) * LARGEST_GAP).min(end) >> segment_bits;
        // One more for the segment that is worked on, one for where in it the prime was.
        let buckets = (farthest as usize + 2).next_power_of_two();
        let mut new = Buckets {
            due: Vec::new(),
            before: Vec::new(),
            free: NONE,
            ends: Vec::new(),
            front: 0,
            segment_bits,
        };
        new.ends = (0..buckets).map(|_| new.chunk(NONE)).collect();
        new
    }

    /// Where an empty chunk begins that follows `before`.
    #[cold]
    #[inline(never)]
    fn chunk(&mut self, before: u32) -> usize {
        let chunk = match self.free {
            NONE => {
                // The system moves what grows, and gives memory when it is written to.
                self.due.resize(self.due.len() + CHUNK, Due::default());
                self.before.push(NONE);
                self.before.len() - 1
            }
            free => {
                self.free = self.before[free as usize];
                free as usize
            }
        };
        self.before[chunk] = before;
        chunk * CHUNK
    }

    /// Files the prime `30k + r` under its next multiple, `byte` bytes after the start of the next
    /// segment.
    #[inline(always)]
    pub(super) fn push(&mut self, k: u32, state: usize, byte: u64) {
        let ahead = (byte >> self.segment_bits) as usize;
        debug_assert!(ahead < self.ends.len());
        let byte = byte & ((1 << self.segment_bits) - 1);
        let slot = (self.front + ahead) & (self.ends.len() - 1);
        self.due[self.ends[slot]] = Due::new(k.into(), state, byte);
        self.move_on(slot);
    }

    /// Moves the end of a bucket to the next place, in a new chunk if need be.
    #[inline(always)]
    fn move_on(&mut self, slot: usize) {
        let end = self.ends[slot];
        self.ends[slot] = match (end + 1) % CHUNK {
            0 => self.chunk((end / CHUNK) as u32),
            _ => end + 1,
        };
    }

    /// Crosses off, in a segment, the multiples of all primes due there, and refiles each under its
    /// next multiple, unless that lies `end` or more bytes after the segment's start: then it is
    /// dropped. `bytes` begin with the segment.
    ///
    /// # Panics
    /// If a prime is due, and there are fewer bytes than a whole segment has.
    pub(super) fn cross_off(&mut self, bytes: &mut [u8], end: u64) {
        loop {
            let last = self.ends[self.front];
            let mut chunk = (last / CHUNK) as u32;
            let mut primes = last % CHUNK;
            if primes == 0 && self.before[chunk as usize] == NONE {
                break;
            }
            // Those that have another multiple in this segment come here again: to look for it at once
            // would be a branch that nobody can foresee.
            self.ends[self.front] = self.chunk(NONE);
            while chunk != NONE {
                let first = chunk as usize * CHUNK;
                let before = self.before[chunk as usize];
                if before != NONE {
                    for line in 0..PREFETCHED_LINES {
                        prefetch(&self.due, before as usize * CHUNK + line * LINE);
                    }
                }
                self.cross_off_chunk(first..first + primes, bytes, end);
                self.before[chunk as usize] = self.free;
                self.free = chunk;
                (chunk, primes) = (before, CHUNK);
            }
        }
        // Its bucket becomes that of a segment far ahead.
        self.front = (self.front + 1) & (self.ends.len() - 1);
    }

    fn cross_off_chunk(&mut self, mut primes: Range<usize>, bytes: &mut [u8], end: u64) {
        // As long as no chunk is full, no array moves.
        while let Some(full) = self.cross_off_until_full(&mut primes, bytes, end) {
            self.move_on(full);
        }
    }

    /// Crosses off and refiles until all is done, or a prime came to the last place of a chunk: which
    /// bucket has to have another.
    #[inline(always)]
    #[expect(
        unsafe_code,
        reason = "bounds checks are a tenth of the time of a loop that is all of it near 2^64"
    )]
    fn cross_off_until_full(
        &mut self,
        primes: &mut Range<usize>,
        bytes: &mut [u8],
        end: u64,
    ) -> Option<usize> {
        let (due, ends) = (&mut self.due[..], &mut self.ends[..]);
        let (front, last_slot) = (self.front, ends.len() - 1);
        let (bits, in_segment) = (self.segment_bits, (1 << self.segment_bits) - 1);
        assert!(primes.end <= due.len() && bytes.len() as u64 > in_segment && !due.is_empty());
        let last_place = due.len() - 1;
        for index in primes {
            let ahead = (index + PREFETCHED).min(last_place);
            // SAFETY: `index` is in the range that was just checked, `ahead` a place of `due`. What
            // stands there was made below or in `push`, or is 0: its byte is one of a segment, of
            // which `bytes` has no fewer, and its state one that `first_step` or `next_state` gave.
            let (prime, step, byte) = unsafe {
                prefetch(bytes, due.get_unchecked(ahead).byte() as usize);
                let prime = *due.get_unchecked(index);
                let step = *STEPS.get_unchecked(prime.state());
                (prime, step, bytes.get_unchecked_mut(prime.byte() as usize))
            };
            *byte &= step.mask;
            let way = prime.k() * u64::from(step.gap) + u64::from(step.carry);
            let next = prime.byte() + way;
            if next >= end {
                continue;
            }
            let slot = (front + (next >> bits) as usize) & last_slot;
            let state = next_state(prime.state(), step);
            // SAFETY: the number of slots is a power of two, and so `slot` is one of them. Its end is
            // a place in a chunk of `due`.
            let place = unsafe {
                let place = *ends.get_unchecked(slot);
                *due.get_unchecked_mut(place) = Due::new(prime.k(), state, next & in_segment);
                place
            };
            if (place + 1) % CHUNK == 0 {
                return Some(slot);
            }
            ends[slot] = place + 1;
            // Of hundreds of buckets no cache foresees which line is written to next.
            prefetch(due, place + LINE);
        }
        None
    }
}

/// Primes in a line of the cache.
const LINE: usize = 64 / size_of::<Due>();

/// How many lines ahead primes are asked for.
const PREFETCHED_LINES: usize = 8;

/// How many primes ahead the byte is asked for that one crosses off.
const PREFETCHED: usize = 16;

/// Asks for an item that will be written to.
#[inline(always)]
fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = items.as_ptr().wrapping_add(index);
        // SAFETY: a prefetch has no effect but on the caches, whatever the address.
        #[expect(unsafe_code, reason = "there is no safe way to ask the cache")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(at.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}
