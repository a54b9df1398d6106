//! The Huffman codes of a JPEG's picture data.

use super::bits::Bits;
use super::header::JpegError;
use super::idct::ZIGZAG;
use super::tables::Table;

/// Codes with up to this number of bits are decoded by a table. Few codes are longer.
const LOOKUP: u32 = 12;

/// A code's symbol and length. The length is 0 if the code is longer than [`LOOKUP`].
#[derive(Clone, Copy, Default)]
struct Entry {
    symbol: u8,
    length: u8,
}

/// Decodes symbols: a table for short codes, a search for long ones (T.81, F.2.2.3).
pub(super) struct Codes {
    short: Box<[Entry; 1 << LOOKUP]>,
    /// For each length, the first code that is too large for it, aligned to 16 bits.
    beyond: [u32; 17],
    /// For each length, the difference between a code and its symbol's index.
    offset: [i32; 17],
    symbols: Vec<u8>,
}

impl Codes {
    pub(super) fn new(table: Table<'_>) -> Result<Codes, JpegError> {
        let mut codes = Codes {
            short: vec![Entry::default(); 1 << LOOKUP]
                .try_into()
                .unwrap_or_else(|_| unreachable!("it has that length")),
            beyond: [0; 17],
            offset: [0; 17],
            symbols: table.symbols.to_vec(),
        };
        let (mut code, mut index) = (0_u32, 0_usize);
        for length in 1..=16_u32 {
            let count = u32::from(table.lengths[length as usize - 1]);
            codes.offset[length as usize] = index as i32 - code as i32;
            for &symbol in &table.symbols[index..index + count as usize] {
                if code >= 1 << length {
                    return Err(JpegError::BrokenTable);
                }
                if length <= LOOKUP {
                    let from = (code << (LOOKUP - length)) as usize;
                    let to = from + (1 << (LOOKUP - length));
                    let length = length as u8;
                    codes.short[from..to].fill(Entry { symbol, length });
                }
                code += 1;
            }
            index += count as usize;
            codes.beyond[length as usize] = code << (16 - length);
            code <<= 1;
        }
        Ok(codes)
    }

    /// Reads the next symbol. The buffer must have been refilled.
    #[inline(always)]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<u8, JpegError> {
        let entry = self.short[bits.peek(LOOKUP)];
        if entry.length != 0 {
            bits.skip(entry.length.into());
            return Ok(entry.symbol);
        }
        self.long_symbol(bits)
    }

    #[cold]
    fn long_symbol(&self, bits: &mut Bits<'_>) -> Result<u8, JpegError> {
        let next = bits.peek(16) as u32;
        for length in LOOKUP + 1..=16 {
            if next < self.beyond[length as usize] {
                let code = (next >> (16 - length)) as i32;
                bits.skip(length);
                let index = usize::try_from(code + self.offset[length as usize]);
                return index
                    .ok()
                    .and_then(|index| self.symbols.get(index).copied())
                    .ok_or(JpegError::BrokenData);
            }
        }
        // Skip some bits, or the same code would be read again.
        bits.skip(16);
        Err(JpegError::BrokenData)
    }
}

/// The codes of the differences between the means of blocks.
pub(super) struct Dc(Codes);

impl Dc {
    pub(super) fn new(table: Table<'_>) -> Result<Dc, JpegError> {
        Codes::new(table).map(Dc)
    }

    #[inline(always)]
    pub(super) fn difference(&self, bits: &mut Bits<'_>) -> Result<i32, JpegError> {
        bits.refill();
        let size = self.0.symbol(bits)?;
        if size > 15 {
            return Err(JpegError::BrokenData);
        }
        Ok(bits.value(size.into()))
    }
}

/// The codes of all other frequencies.
pub(super) struct Ac {
    codes: Codes,
    /// The table for skipping. Without it all codes are read one by one.
    steps: Option<Box<[Step; 1 << LOOKUP]>>,
}

/// The complete codes with their values in the next [`LOOKUP`] bits, which can be skipped at once.
/// `bits` is 0 if there is no complete code.
#[derive(Clone, Copy, Default)]
struct Step {
    bits: u8,
    /// The number of frequencies that they represent, without the end of the block.
    advance: u8,
    /// Whether the last of them ends the block.
    ends: bool,
}

/// The symbol for the end of a block.
const END: u8 = 0x00;
/// The symbol for sixteen zeros.
const ZEROS: u8 = 0xf0;

impl Ac {
    /// `steps`: whether frequencies will be skipped.
    pub(super) fn new(table: Table<'_>, steps: bool) -> Result<Ac, JpegError> {
        let codes = Codes::new(table)?;
        if !steps {
            return Ok(Ac { codes, steps: None });
        }
        let steps: Vec<Step> = (0..1 << LOOKUP)
            .map(|window: usize| {
                let mut step = Step::default();
                while !step.ends {
                    let rest = window << step.bits & ((1 << LOOKUP) - 1);
                    let Entry { symbol, length } = codes.short[rest];
                    let length = u32::from(length) + u32::from(symbol & 15);
                    let advance = step.advance + (symbol >> 4) + 1;
                    let left = LOOKUP - u32::from(step.bits);
                    if codes.short[rest].length == 0 || length > left || advance > 63 {
                        break;
                    }
                    step.bits += length as u8;
                    match symbol {
                        END => step.ends = true,
                        // Of the codes without a value only this one is valid. The others are left
                        // to the slow path.
                        _ if symbol & 15 == 0 && symbol != ZEROS => {
                            step.bits -= length as u8;
                            break;
                        }
                        _ => step.advance = advance,
                    }
                }
                step
            })
            .collect();
        let steps = steps
            .try_into()
            .unwrap_or_else(|_| unreachable!("it has that length"));
        Ok(Ac {
            codes,
            steps: Some(steps),
        })
    }

    /// Reads a block's frequencies into `block`, in natural order, up to the zigzag index `wanted`;
    /// the others are skipped. Returns the last index of those read that is not zero.
    #[inline(always)]
    pub(super) fn read(
        &self,
        bits: &mut Bits<'_>,
        wanted: usize,
        block: &mut [i16; 64],
    ) -> Result<usize, JpegError> {
        let (mut at, mut last) = (1, 0);
        while at <= wanted {
            bits.refill();
            let symbol = self.codes.symbol(bits)?;
            let size = u32::from(symbol & 15);
            if size == 0 {
                match symbol {
                    ZEROS => at += 16,
                    END => return Ok(last),
                    _ => return Err(JpegError::BrokenData),
                }
                continue;
            }
            at += usize::from(symbol >> 4);
            let value = bits.value(size);
            // Some encoders write frequencies beyond the last one. They are skipped, as in libjpeg.
            if at <= wanted {
                block[usize::from(ZIGZAG[at])] = value as i16;
                last = at;
            }
            at += 1;
        }
        while at < 64 {
            bits.refill();
            let step = match &self.steps {
                Some(steps) => steps[bits.peek(LOOKUP)],
                None => Step::default(),
            };
            // A block whose last frequency is not zero has no end code. The following codes belong
            // to the next block, so a step must not extend that far.
            if step.bits != 0 && at + usize::from(step.advance) < 64 {
                bits.skip(step.bits.into());
                at += usize::from(step.advance);
                if step.ends {
                    return Ok(last);
                }
                continue;
            }
            let symbol = self.codes.symbol(bits)?;
            let size = u32::from(symbol & 15);
            match symbol {
                END => return Ok(last),
                _ if size == 0 && symbol != ZEROS => return Err(JpegError::BrokenData),
                _ => at += usize::from(symbol >> 4) + 1,
            }
            bits.skip(size);
        }
        Ok(last)
    }
}
