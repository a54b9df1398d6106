//! Changes some bytes of a TIFF while it is read, so that the decoder supports it.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

use super::directory::Directory;
use super::{GREY, ICC_LAB, LAB, PALETTE, PHOTOMETRIC, RGB, STRIPS};
use crate::limits::DeadlineReader;

const BITS_PER_SAMPLE: u16 = 258;
const FILL_ORDER: u16 = 266;
const SAMPLES_PER_PIXEL: u16 = 277;
/// The tags with offsets and lengths, of strips and of tiles.
const CHUNKS: [(u16, u16); 2] = [(STRIPS, 279), (324, 325)];

/// A TIFF's bytes, some of which are changed while they are read.
pub(super) struct Patched<'a> {
    inner: DeadlineReader<'a>,
    /// Pairs of bytes that replace those at their offset.
    pairs: Vec<(u64, [u8; 2])>,
    /// Ranges of bytes with reversed bits, sorted and not overlapping.
    reversed: Vec<Range<u64>>,
}

impl<'a> Patched<'a> {
    pub(super) fn new(inner: DeadlineReader<'a>, directory: Option<&Directory<'_>>) -> Patched<'a> {
        let mut patched = Patched {
            inner,
            pairs: Vec::new(),
            reversed: Vec::new(),
        };
        if let Some(directory) = directory {
            patched.patch(directory);
        }
        patched
    }

    fn patch(&mut self, directory: &Directory<'_>) {
        // Only one picture is read, so the next directory is irrelevant, and its offset may be
        // wrong.
        let next = directory.next() as u64;
        self.pairs.extend([(next, [0; 2]), (next + 2, [0; 2])]);
        let instead = match directory.value(PHOTOMETRIC).map(|it| it as u16) {
            Some(PALETTE) => Some(GREY),
            Some(LAB | ICC_LAB) => Some(RGB),
            _ => None,
        };
        if let (Some(instead), Some(entry)) = (instead, directory.entry(PHOTOMETRIC)) {
            let value = directory.pair(instead);
            self.pairs.push((entry as u64 + 8, value));
        }
        // There may be more sample sizes than samples. Three and more are stored elsewhere.
        let samples = directory.value(SAMPLES_PER_PIXEL).unwrap_or(1);
        if let Some((at, count)) = directory.count_of(BITS_PER_SAMPLE)
            && (3..count).contains(&samples)
        {
            let value = directory.pair(samples as u16);
            self.pairs.push((at as u64, value));
        }
        if directory.value(FILL_ORDER) == Some(2) {
            self.reverse(directory);
        }
    }

    /// Reverses the bits of all strips or tiles.
    fn reverse(&mut self, directory: &Directory<'_>) {
        for (places, lengths) in CHUNKS {
            let mut lengths = directory.values(lengths);
            let parts = directory.values(places).map(|at| {
                let at = u64::from(at);
                at..at + lengths.next().map_or(u64::MAX - at, u64::from)
            });
            self.reversed.extend(parts);
        }
        self.reversed.sort_by_key(|part| part.start);
        // If two ranges overlap, the common part is reversed once.
        for number in 1..self.reversed.len() {
            let start = self.reversed[number].start;
            let before = &mut self.reversed[number - 1];
            before.end = before.end.min(start);
        }
    }
}

impl Read for Patched<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from = self.inner.bytes.position();
        let read = self.inner.read(buffer)?;
        let end = from + read as u64;
        for &(at, pair) in &self.pairs {
            for (place, byte) in (at..).zip(pair) {
                if (from..end).contains(&place) {
                    buffer[(place - from) as usize] = byte;
                }
            }
        }
        let first = self.reversed.partition_point(|part| part.end <= from);
        for part in self.reversed[first..]
            .iter()
            .take_while(|it| it.start < end)
        {
            let (begin, end) = (part.start.max(from) - from, part.end.min(end) - from);
            if let Some(part) = buffer.get_mut(begin as usize..end as usize) {
                part.iter_mut().for_each(|it| *it = it.reverse_bits());
            }
        }
        Ok(read)
    }
}

impl Seek for Patched<'_> {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.inner.seek(to)
    }
}
