//! A sieved segment: the number of its primes, of its constellations, and of its primes up to a
//! number.

use super::popcount;
use super::wheel::{CANDIDATES, byte_of};
use crate::constellation::Constellation;

/// A byte with the bits of the candidates for which `passes` returns true.
pub(super) fn candidates_where(passes: impl Fn(u64) -> bool) -> u8 {
    (0..8)
        .filter(|&bit| passes(CANDIDATES[bit]))
        .fold(0, |byte, bit| byte | 1 << bit)
}

/// The sieved numbers of one part of a range.
pub struct Segment<'a> {
    pub(super) first: u64,
    pub(super) bytes: &'a [u8],
}

impl Segment<'_> {
    /// How many primes or constellations the segment has. No constellation extends over two
    /// segments.
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
    /// How many numbers the segment represents.
    pub fn numbers(&self) -> u64 {
        30 * self.bytes.len() as u64
    }

    /// The last number of the segment.
    pub(crate) fn last(&self) -> u64 {
        // The last byte has the numbers before the next byte's first candidate.
        30 * (self.first + self.bytes.len() as u64 - 1) + 36
    }

    /// A counter for the primes up to given numbers.
    pub(crate) fn counter(&self) -> Counter<'a> {
        Counter {
            first: self.first,
            bytes: self.bytes,
            at: 0,
            before: 0,
        }
    }
}

/// Counts the primes of a segment up to given numbers in ascending order.
pub(crate) struct Counter<'a> {
    first: u64,
    bytes: &'a [u8],
    at: usize,
    before: u64,
}

impl Counter<'_> {
    /// How many primes of the segment there are up to `n`. `n` lies in the segment, and must not
    /// decrease.
    pub(crate) fn up_to(&mut self, n: u64) -> u64 {
        let byte = (byte_of(n) - self.first) as usize;
        self.before += popcount::count_ones(&self.bytes[self.at..byte]);
        self.at = byte;
        let offset = n - 30 * byte_of(n);
        let here = self.bytes[byte] & candidates_where(|candidate| candidate <= offset);
        self.before + u64::from(here.count_ones())
    }

    /// How many primes the segment has in all.
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
