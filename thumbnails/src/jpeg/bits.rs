//! Reads the bits of a JPEG's picture data.

use super::segments::next_marker;

/// Reads bits, and skips the zero byte after each 0xff. It never reads past a marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, the first of them in the highest position.
    buffer: u64,
    count: u32,
    /// The number of zero bits that were added after the end of the data.
    invented: u32,
}

/// The result of looking for a restart marker.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// The expected marker.
    Found,
    /// A later marker: this number of intervals is missing.
    Missing(usize),
    /// No marker: the picture's data end here.
    End,
}

impl<'a> Bits<'a> {
    pub(super) fn new(data: &'a [u8]) -> Bits<'a> {
        Bits {
            data,
            at: 0,
            buffer: 0,
            count: 0,
            invented: 0,
        }
    }

    /// Fills the buffer to at least 32 bits: more than any code with its value.
    #[inline(always)]
    pub(super) fn refill(&mut self) {
        if self.count >= 32 {
            return;
        }
        if let Some(word) = self
            .data
            .get(self.at..)
            .and_then(|rest| rest.first_chunk::<4>())
        {
            let word = u32::from_be_bytes(*word);
            // Whether any of its bytes is 0xff (Hacker's Delight, 6-1: a zero byte in the
            // complement).
            if (!word).wrapping_sub(0x0101_0101) & word & 0x8080_8080 == 0 {
                self.buffer |= u64::from(word) << (32 - self.count);
                self.count += 32;
                self.at += 4;
                return;
            }
        }
        self.refill_slowly();
    }

    #[cold]
    fn refill_slowly(&mut self) {
        while self.count <= 56 {
            let rest = self.data.get(self.at..).unwrap_or_default();
            let byte = match rest {
                [0xff, 0, ..] => {
                    self.at += 2;
                    0xff
                }
                [0xff, behind @ ..] => {
                    // More 0xff bytes before a marker or a zero are padding.
                    let fill = behind.iter().take_while(|&&it| it == 0xff).count();
                    if fill > 0 && behind.get(fill).is_some() {
                        self.at += fill;
                        continue;
                    }
                    self.invented += 8;
                    0
                }
                [] => {
                    self.invented += 8;
                    0
                }
                [byte, ..] => {
                    self.at += 1;
                    *byte
                }
            };
            self.buffer |= u64::from(byte) << (56 - self.count);
            self.count += 8;
        }
    }

    /// The next bit.
    #[inline(always)]
    pub(super) fn bit(&mut self) -> bool {
        self.refill();
        let bit = self.buffer >> 63 != 0;
        self.skip(1);
        bit
    }

    /// Reads a number with up to 16 bits.
    #[inline(always)]
    pub(super) fn number(&mut self, bits: u32) -> u32 {
        if bits == 0 {
            return 0;
        }
        self.refill();
        let number = self.peek(bits) as u32;
        self.skip(bits);
        number
    }

    /// The next `bits` bits, which are not consumed.
    #[inline(always)]
    pub(super) fn peek(&self, bits: u32) -> usize {
        (self.buffer >> (64 - bits)) as usize
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count -= bits;
    }

    /// The value of `size` bits, which must be in the buffer. The lower half of the range is
    /// negative.
    #[inline(always)]
    pub(super) fn value(&mut self, size: u32) -> i32 {
        if size == 0 {
            return 0;
        }
        let raw = (self.buffer >> (64 - size)) as i32;
        self.skip(size);
        if raw < 1 << (size - 1) {
            raw - (1 << size) + 1
        } else {
            raw
        }
    }

    /// Whether more bits were read than exist.
    pub(super) fn ran_out(&self) -> bool {
        self.invented > self.count
    }

    /// Continues after the restart marker with that number, 0 to 7. As in libjpeg
    /// (`jpeg_resync_to_restart`): a marker up to two ahead means that the intervals between are
    /// missing; one up to two behind is skipped; any other counts as the expected one.
    pub(super) fn restart(&mut self, number: usize) -> Restart {
        let mut at = self.at;
        loop {
            let Some(marker) = next_marker(self.data.get(at..).unwrap_or_default()) else {
                self.at = self.data.len();
                return Restart::End;
            };
            let code = self.data[at + marker + 1];
            if !(0xd0..=0xd7).contains(&code) {
                self.at = at + marker;
                return Restart::End;
            }
            at += marker + 2;
            let ahead = (usize::from(code - 0xd0) + 8 - number) % 8;
            if ahead >= 6 {
                continue;
            }
            *self = Bits {
                at,
                ..Bits::new(self.data)
            };
            return match ahead {
                1 | 2 => Restart::Missing(ahead),
                _ => Restart::Found,
            };
        }
    }

    /// The position in the data, at most that of the next marker.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}
