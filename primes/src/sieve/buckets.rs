//! Large sieving primes: each is stored in the bucket of the segment with its next multiple.
//!
//! A prime larger than a segment misses most segments. Checking every prime at every segment would
//! cost more than crossing off. So each prime waits in the bucket of the segment that has its next
//! multiple (the bucket sieve of Tomás Oliveira e Silva), and a segment uses only the primes in its
//! bucket.
//!
//! All buckets lie in one array, in chunks of one size. A free chunk is used again soon, while it
//! is still in the caches. To store a prime is one write at the end of its bucket. The index of
//! that place shows if it is the last one of its chunk.

use std::ops::Range;

use super::wheel::{STEPS, next_state};

/// The large sieving primes, each in the bucket of the segment with its next multiple.
pub(super) struct Buckets {
    /// The primes, in chunks.
    due: Vec<Due>,
    /// For each chunk: the chunk before it in the same bucket, or in the list of free chunks.
    before: Vec<u32>,
    /// The last chunk that was freed.
    free: u32,
    /// A ring with the place for the next prime of each bucket. Its length is a power of two. The
    /// bucket at `front` is that of the next segment. Each bucket has at least one chunk.
    ends: Vec<usize>,
    front: usize,
    segment_bits: u32,
}

/// How many primes a chunk holds. It has 8 KiB, so a half-filled one is small compared with a
/// segment.
const CHUNK: usize = 1024;

/// The value for "no chunk".
const NONE: u32 = u32::MAX;

/// The largest difference of two consecutive cofactors that 2, 3, 5 and 7 do not divide.
const LARGEST_GAP: u64 = 10;

/// A sieving prime `30k + r` and its next multiple, in one word: `k` in the low 32 bits, then the
/// byte in its segment ([`BYTE_BITS`]), then the state in [`STEPS`].
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
    /// Buckets for segments of `1 << segment_bits` bytes, and primes up to `largest` whose
    /// multiples lie less than `end` bytes ahead.
    pub(super) fn new(segment_bits: u32, largest: u64, end: u64) -> Buckets {
        assert!(
            segment_bits <= BYTE_BITS,
            "the byte and the state share a word"
        );
        let farthest = ((largest / 30 + 1) * LARGEST_GAP).min(end) >> segment_bits;
        // One more for the current segment, and one for the prime's position within it.
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

    /// Returns the start of an empty chunk that follows `before`.
    #[cold]
    #[inline(never)]
    fn chunk(&mut self, before: u32) -> usize {
        let chunk = match self.free {
            NONE => {
                // Growing is cheap: the system moves the pages, and gives memory only when it is
                // written to.
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

    /// Stores the prime `30k + r` in the bucket of its next multiple, which is `byte` bytes after
    /// the start of the next segment.
    #[inline(always)]
    pub(super) fn push(&mut self, k: u32, state: usize, byte: u64) {
        let ahead = (byte >> self.segment_bits) as usize;
        debug_assert!(ahead < self.ends.len());
        let byte = byte & ((1 << self.segment_bits) - 1);
        let slot = (self.front + ahead) & (self.ends.len() - 1);
        self.due[self.ends[slot]] = Due::new(k.into(), state, byte);
        self.move_on(slot);
    }

    /// Moves the end of a bucket to the next place, in a new chunk if needed.
    #[inline(always)]
    fn move_on(&mut self, slot: usize) {
        let end = self.ends[slot];
        self.ends[slot] = match (end + 1) % CHUNK {
            0 => self.chunk((end / CHUNK) as u32),
            _ => end + 1,
        };
    }

    /// Crosses off the multiples of all primes in the bucket of a segment. Each prime then moves to
    /// the bucket of its next multiple, or is dropped if that is `end` or more bytes after the
    /// segment's start. `bytes` begin with the segment.
    ///
    /// # Panics
    /// If the bucket is not empty, and there are fewer bytes than a whole segment has.
    pub(super) fn cross_off(&mut self, bytes: &mut [u8], end: u64) {
        loop {
            let last = self.ends[self.front];
            let mut chunk = (last / CHUNK) as u32;
            let mut primes = last % CHUNK;
            if primes == 0 && self.before[chunk as usize] == NONE {
                break;
            }
            // A prime with another multiple in this segment returns to the same bucket. Checking
            // for that at once would be an unpredictable branch.
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
        // The bucket is now used for a segment far ahead.
        self.front = (self.front + 1) & (self.ends.len() - 1);
    }

    fn cross_off_chunk(&mut self, mut primes: Range<usize>, bytes: &mut [u8], end: u64) {
        // No array moves until a chunk is full.
        while let Some(full) = self.cross_off_until_full(&mut primes, bytes, end) {
            self.move_on(full);
        }
    }

    /// Crosses off and moves primes until all are done, or a prime fills a chunk. Then it returns
    /// the bucket that needs another chunk.
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
            // SAFETY: `index` is in the range that was just checked, and `ahead` is a place of
            // `due`. An entry there was made below or in `push`, or is 0: its byte lies in a
            // segment, of which `bytes` has at least as many, and its state came from `first_step`
            // or `next_state`.
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
            // SAFETY: the number of slots is a power of two, so `slot` is one of them. Its end is a
            // place in a chunk of `due`.
            let place = unsafe {
                let place = *ends.get_unchecked(slot);
                *due.get_unchecked_mut(place) = Due::new(prime.k(), state, next & in_segment);
                place
            };
            if (place + 1) % CHUNK == 0 {
                return Some(slot);
            }
            ends[slot] = place + 1;
            // With hundreds of buckets, the CPU can't predict the next written line.
            prefetch(due, place + LINE);
        }
        None
    }
}

/// The primes per cache line.
const LINE: usize = 64 / size_of::<Due>();

/// How many lines ahead primes are prefetched.
const PREFETCHED_LINES: usize = 8;

/// How many primes ahead the byte to cross off is prefetched.
const PREFETCHED: usize = 16;

/// Prefetches an item that will be written to.
#[inline(always)]
fn prefetch<T>(items: &[T], index: usize) {
    #[cfg(target_arch = "x86_64")]
    {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        let at = items.as_ptr().wrapping_add(index);
        // SAFETY: a prefetch only affects the caches, whatever the address.
        #[expect(unsafe_code, reason = "there is no safe way to ask the cache")]
        unsafe {
            _mm_prefetch::<_MM_HINT_T0>(at.cast());
        }
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = (items, index);
}
