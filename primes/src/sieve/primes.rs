//! Iterates over the primes of a sieve. Also: the sieving primes that a sieve itself needs.

use super::Sieve;
use super::presieve;
use super::wheel::CANDIDATES;

/// The primes of a [`Sieve`], in order.
pub struct Primes {
    sieve: Sieve,
    /// Called every few milliseconds: whether to continue.
    go_on: Box<dyn FnMut() -> bool + Send>,
    /// The current segment: its first byte in the whole sieve, and its length.
    first: u64,
    len: usize,
    /// The current eight bytes, and their primes that are still to come.
    at: usize,
    word: u64,
}

/// The primes of the rest of the range, in order.
impl IntoIterator for Sieve {
    type Item = u64;
    type IntoIter = Primes;

    fn into_iter(self) -> Primes {
        self.primes_while(|| true)
    }
}

impl Sieve {
    /// The primes of the rest of the range, in order, until `go_on` returns false. `go_on` is
    /// called every few milliseconds, also before the first prime is found.
    pub fn primes_while(self, go_on: impl FnMut() -> bool + Send + 'static) -> Primes {
        Primes {
            sieve: self,
            go_on: Box::new(go_on),
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
                let segment = self.sieve.next_segment_while(&mut self.go_on)??;
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

/// The sieving primes: a smaller sieve, which runs only as far as needed.
pub(super) struct SievingPrimes {
    primes: Option<Box<Primes>>,
    next: u64,
}

impl SievingPrimes {
    /// The bytes of the smaller sieve's segments. It shares the cache with the larger one.
    const SEGMENT: usize = 64 << 10;

    /// The primes above those of the patterns, up to `root`.
    pub(super) fn up_to(root: u64) -> SievingPrimes {
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
    pub(super) fn next_with_square_up_to(&mut self, end: u64) -> Option<u64> {
        let p = self.next;
        // All sieving primes are below 2^32.
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
