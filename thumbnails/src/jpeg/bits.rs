//! The bits of a JPEG's picture.

use super::segments::next_marker;

/// Reads bits, past the zero that is stuffed behind each 0xff. Never past a marker.
pub(super) struct Bits<'a> {
    data: &'a [u8],
    at: usize,
    /// The next bits, the first of them highest.
    buffer: u64,
    count: u32,
    /// Zeros put in where there were no more bits.
    invented: u32,
}

/// What is behind a restart interval.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Restart {
    /// The marker that must be there.
    Found,
    /// A later one: so many intervals are missing.
    Missing(usize),
    /// None: the picture's data end here.
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

    /// Sees to it that there are 32 bits: more than any code and its value take.
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
            // Is any of its bytes 0xff? (Hacker's Delight, 6-1: a zero byte in the complement.)
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
                    // More of them fill up, before a marker or a zero.
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

    /// A number of up to 16 bits.
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

    /// The next bits, so many, which stay the next.
    #[inline(always)]
    pub(super) fn peek(&self, bits: u32) -> usize {
        (self.buffer >> (64 - bits)) as usize
    }

    #[inline(always)]
    pub(super) fn skip(&mut self, bits: u32) {
        self.buffer <<= bits;
        self.count -= bits;
    }

    /// The value of `size` bits, which must be there: the lower half of the range is negative.
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

    /// Whether more was read than there is.
    pub(super) fn ran_out(&self) -> bool {
        self.invented > self.count
    }

    /// Goes on behind the restart marker of that number, 0 to 7. As libjpeg has it
    /// (`jpeg_resync_to_restart`): one that is up to two ahead says that those between are missing,
    /// one that is up to two behind is passed over, and any other is taken for the one wanted.
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

    /// How far the data have been read; not beyond the next marker.
    pub(super) fn position(&self) -> usize {
        self.at
    }
}
