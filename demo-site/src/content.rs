//! Pseudo-random bytes. Any part can be computed without the bytes before it.

use std::ops::Range;

use crate::random;

/// Bytes computed from one number.
const WORD: u64 = 8;

/// A part of the content with this number.
pub fn part(version: u64, range: Range<u64>) -> Vec<u8> {
    let first = range.start / WORD;
    let last = range.end.div_ceil(WORD);
    let salt = random::scramble(version);
    let mut bytes: Vec<u8> = (first..last)
        .flat_map(|word| random::scramble(word ^ salt).to_le_bytes())
        .collect();
    let skipped = (range.start - first * WORD) as usize;
    bytes.drain(..skipped);
    bytes.truncate((range.end - range.start) as usize);
    bytes
}

/// A range in pieces of this size. The last one may be shorter.
pub(crate) fn pieces(range: Range<u64>, size: u64) -> impl Iterator<Item = Range<u64>> + Send {
    let mut start = range.start;
    std::iter::from_fn(move || {
        let end = start.saturating_add(size).min(range.end);
        let piece = (start < end).then_some(start..end);
        start = end;
        piece
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_parts_of_the_whole() {
        let whole = part(1, 0..1000);
        for (start, end) in [(0, 1), (3, 9), (8, 16), (17, 1000), (999, 1000), (5, 5)] {
            assert_eq!(part(1, start as u64..end as u64), whole[start..end]);
        }
        assert_ne!(part(2, 0..1000), whole);
    }
}
