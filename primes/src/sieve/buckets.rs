//! Large sieving primes: filed under the segment that holds their next multiple.
//!
//! A prime larger than a segment misses most segments; asking every prime at every segment would
//! cost more than the crossing off. So each waits in the bucket of the segment where it next hits
//! (the bucket sieve of Tomás Oliveira e Silva), and a segment touches only the primes that are
//! due.

use super::wheel::{STEPS, next_state};

/// The sieving primes above the medium ones, each in the bucket of the segment of its next
/// multiple.
pub(super) struct Buckets {
    /// A ring, its length a power of two: the bucket at `front` is that of the segment about to be
    /// sieved.
    ring: Vec<Bucket>,
    front: usize,
    free: Vec<Box<Chunk>>,
    segment_bits: u32,
}

/// Full chunks, and a last one that is being filled.
type Bucket = Vec<Box<Chunk>>;

/// How many primes a chunk holds: 8 KiB with its head, so that a half-filled one is small beside a
/// segment.
const CHUNK: usize = 1023;

struct Chunk {
    len: usize,
    due: [Due; CHUNK],
}

/// A sieving prime `30k + r` and its next multiple.
#[derive(Clone, Copy, Default)]
struct Due {
    k: u32,
    /// The byte of its segment in the low [`BYTE_BITS`] bits, the state in [`STEPS`] above.
    byte_and_state: u32,
}

const BYTE_BITS: u32 = 23;

impl Buckets {
    /// Buckets for segments of `1 << segment_bits` bytes.
    pub(super) fn new(segment_bits: u32) -> Buckets {
        assert!(
            segment_bits <= BYTE_BITS,
            "the byte and the state share a word"
        );
        Buckets {
            ring: vec![Bucket::new()],
            front: 0,
            free: Vec::new(),
            segment_bits,
        }
    }

    /// Files the prime `30k + r` under its next multiple, `byte` bytes after the start of the next
    /// segment.
    #[inline(always)]
    pub(super) fn push(&mut self, k: u32, state: usize, byte: u64) {
        let ahead = (byte >> self.segment_bits) as usize;
        let byte = byte as u32 & ((1 << self.segment_bits) - 1);
        if ahead >= self.ring.len() {
            self.grow(ahead + 1);
        }
        let due = Due {
            k,
            byte_and_state: (state as u32) << BYTE_BITS | byte,
        };
        let slot = (self.front + ahead) & (self.ring.len() - 1);
        let bucket = &mut self.ring[slot];
        if let Some(chunk) = bucket.last_mut()
            && let Some(place) = chunk.due.get_mut(chunk.len)
        {
            *place = due;
            chunk.len += 1;
        } else {
            let new = || {
                Box::new(Chunk {
                    len: 0,
                    due: [Due::default(); CHUNK],
                })
            };
            let mut chunk = self.free.pop().unwrap_or_else(new);
            chunk.due[0] = due;
            chunk.len = 1;
            bucket.push(chunk);
        }
    }

    #[cold]
    fn grow(&mut self, buckets: usize) {
        self.ring.rotate_left(self.front);
        self.front = 0;
        self.ring
            .resize_with(buckets.next_power_of_two(), Bucket::new);
    }

    /// Crosses off, in a segment, the multiples of all primes due there, and refiles each under its
    /// next multiple, unless that lies `end` or more bytes after the segment's start: then it is
    /// dropped.
    pub(super) fn cross_off(&mut self, segment: &mut [u8], end: u64) {
        let size = 1 << self.segment_bits;
        let mut bucket = std::mem::take(&mut self.ring[self.front]);
        self.front = (self.front + 1) & (self.ring.len() - 1);
        for chunk in bucket.drain(..) {
            for &Due { k, byte_and_state } in &chunk.due[..chunk.len] {
                let mut byte = u64::from(byte_and_state & ((1 << BYTE_BITS) - 1));
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
            self.free.push(chunk);
        }
    }
}
