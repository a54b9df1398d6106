//! The tables for decoding a scan. They may change from scan to scan.

use super::header::JpegError;
use super::standard;

/// Four of each kind.
#[derive(Clone, Debug, Default)]
pub(super) struct Tables<'a> {
    /// The quantization tables, in zigzag order.
    pub(super) quant: [Option<[u16; 64]>; 4],
    dc: [Option<Table<'a>>; 4],
    ac: [Option<Table<'a>>; 4],
    /// The units between two restart markers; 0 means no markers.
    pub(super) restart_interval: usize,
}

/// A Huffman table as stored: the number of codes of each length, and their symbols in order.
#[derive(Clone, Copy, Debug)]
pub(super) struct Table<'a> {
    pub(super) lengths: &'a [u8; 16],
    pub(super) symbols: &'a [u8],
}

impl<'a> Tables<'a> {
    /// Reads a segment that defines tables; other segments are ignored.
    pub(super) fn read(&mut self, marker: u8, segment: &'a [u8]) -> Result<(), JpegError> {
        match marker {
            0xc4 => self.huffman(segment),
            0xdb => self.quantization(segment),
            0xdd => {
                let &[high, low, ..] = segment else {
                    return Err(JpegError::BrokenHeader);
                };
                self.restart_interval = u16::from_be_bytes([high, low]).into();
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// The table for the means of blocks; by default the standard's.
    pub(super) fn dc(&self, slot: usize) -> Result<Table<'a>, JpegError> {
        self.dc[slot]
            .or_else(|| usual().dc[slot])
            .ok_or(JpegError::NoTable)
    }

    /// The table for all other frequencies; by default the standard's.
    pub(super) fn ac(&self, slot: usize) -> Result<Table<'a>, JpegError> {
        self.ac[slot]
            .or_else(|| usual().ac[slot])
            .ok_or(JpegError::NoTable)
    }

    fn quantization(&mut self, mut segment: &[u8]) -> Result<(), JpegError> {
        while let [info, rest @ ..] = segment {
            let wide = info >> 4 != 0;
            let length = if wide { 128 } else { 64 };
            let (Some(values), 0..=3) = (rest.get(..length), info & 15) else {
                return Err(JpegError::BrokenHeader);
            };
            let mut table = [0; 64];
            for (k, place) in table.iter_mut().enumerate() {
                *place = match wide {
                    true => u16::from_be_bytes([values[2 * k], values[2 * k + 1]]),
                    false => values[k].into(),
                };
            }
            self.quant[usize::from(info & 15)] = Some(table);
            segment = &rest[length..];
        }
        Ok(())
    }

    fn huffman(&mut self, mut segment: &'a [u8]) -> Result<(), JpegError> {
        while let [info, rest @ ..] = segment {
            let lengths: &[u8; 16] = rest.first_chunk().ok_or(JpegError::BrokenHeader)?;
            let count: usize = lengths.iter().map(|&it| usize::from(it)).sum();
            let symbols = rest.get(16..16 + count).ok_or(JpegError::BrokenHeader)?;
            let (kind, slot) = (info >> 4, usize::from(info & 15));
            if kind > 1 || slot > 3 {
                return Err(JpegError::BrokenHeader);
            }
            let tables = if kind == 0 {
                &mut self.dc
            } else {
                &mut self.ac
            };
            tables[slot] = Some(Table { lengths, symbols });
            segment = &rest[16 + count..];
        }
        Ok(())
    }
}

fn usual() -> Tables<'static> {
    let mut tables = Tables::default();
    let read = tables.huffman(&standard::TABLES);
    debug_assert!(read.is_ok(), "the standard's tables are whole");
    tables
}
