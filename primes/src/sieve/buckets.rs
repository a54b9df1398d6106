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

/// A sieving prime `30k + r` and its next multiple.
#[derive(Clone, Copy, Default)]
struct Due {
    k: u32,
    /// The byte of its segment in the low [`BYTE_BITS`] bits, the state in [`STEPS`] above.
    byte_and_state: u32,
}

const BYTE_BITS: u32 = 23;
const BYTE: u32 = (1 << BYTE_BITS) - 1;

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
        let byte = byte as u32 & ((1 << self.segment_bits) - 1);
        let slot = (self.front + ahead) & (self.ends.len() - 1);
        let end = self.ends[slot];
        self.due[end] = Due {
            k,
            byte_and_state: (state as u32) << BYTE_BITS | byte,
        };
        // Of hundreds of buckets no cache foresees which line is written to next.
        prefetch(&self.due, end + LINE);
        self.ends[slot] = match (end + 1) % CHUNK {
            0 => self.chunk((end / CHUNK) as u32),
            _ => end + 1,
        };
    }

    /// Crosses off, in a segment, the multiples of all primes due there, and refiles each under its
    /// next multiple, unless that lies `end` or more bytes after the segment's start: then it is
    /// dropped.
    pub(super) fn cross_off(&mut self, segment: &mut [u8], end: u64) {
        let last = self.ends[self.front];
        // Its bucket becomes that of a segment far ahead.
        self.ends[self.front] = self.chunk(NONE);
        self.front = (self.front + 1) & (self.ends.len() - 1);
        let mut chunk = (last / CHUNK) as u32;
        let mut primes = last % CHUNK;
        while chunk != NONE {
            let first = chunk as usize * CHUNK;
            let before = self.before[chunk as usize];
            if before != NONE {
                for line in 0..PREFETCHED_LINES {
                    prefetch(&self.due, before as usize * CHUNK + line * LINE);
                }
            }
            self.cross_off_chunk(first..first + primes, segment, end);
            self.before[chunk as usize] = self.free;
            self.free = chunk;
            (chunk, primes) = (before, CHUNK);
        }
    }

    #[inline(always)]
    fn cross_off_chunk(&mut self, primes: std::ops::Range<usize>, segment: &mut [u8], end: u64) {
        let size = 1 << self.segment_bits;
        for index in primes {
            prefetch(&self.due, index + PREFETCHED_LINES * LINE);
            let later = self.due.get(index + PREFETCHED).copied();
            prefetch(
                segment,
                (later.unwrap_or_default().byte_and_state & BYTE) as usize,
            );
            let Due { k, byte_and_state } = self.due[index];
            let mut byte = u64::from(byte_and_state & BYTE);
            let mut state = (byte_and_state >> BYTE_BITS) as usize;
            while byte < size {
                let step = STEPS[state];
                // The last segment may be shorter than the others.
                if let Some(cell) = segment.get_mut(byte as usize) {
                    *cell &= step.mask;
                }
                byte += u64::from(k) * u64::from(step.gap) + u64::from(step.carry);
                state = next_state(state, step);
            }
            if byte < end {
                self.push(k, state, byte - size);
            }
        }
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
