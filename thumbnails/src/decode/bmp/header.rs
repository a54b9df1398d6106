//! The header of a BMP, in all sizes of Windows and OS/2.
//!
//! Sources: Microsoft's documentation of `BITMAPCOREHEADER`, `BITMAPINFOHEADER` and
//! `BITMAPV5HEADER`; for OS/2, "Encyclopedia of Graphics File Formats" (J. D. Murray, W. van Ryper).

use crate::failure::Failure;
use crate::picture::Format;
use crate::png_chunks::LARGEST_PROFILE;

use super::super::broken;
use super::CUT_SHORT;

/// The offset of the second header, whose first field is its size.
const INFO: usize = 14;

/// The coding of pixels.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Coding {
    /// Rows of pixels.
    Plain,
    /// Run lengths: a pixel, and how often it repeats.
    RunLengths,
}

/// A colour's bits within a pixel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Field {
    mask: u32,
    shift: u32,
}

impl Field {
    fn of_mask(mask: u32) -> Option<Field> {
        let shift = mask.trailing_zeros();
        (mask != 0).then_some(Field { mask, shift })
    }

    /// The colour, from 0 to 255.
    pub(super) fn of(self, value: u32) -> u8 {
        let most = u64::from(self.mask >> self.shift);
        let value = u64::from((value & self.mask) >> self.shift);
        ((value * 255 + most / 2) / most) as u8
    }
}

/// The header before the pixels.
#[derive(Clone, Debug)]
pub(super) struct Header {
    /// The size in pixels.
    pub(super) size: (u32, u32),
    /// Whether the first row in the file is the top one.
    pub(super) top_down: bool,
    /// The bits per pixel.
    pub(super) depth: u16,
    pub(super) coding: Coding,
    /// The fields for red, green, blue and alpha, of pixels with 16 or 32 bits.
    pub(super) fields: [Option<Field>; 4],
    pub(super) palette: Vec<[u8; 3]>,
    /// The offset of the pixels.
    pub(super) data: usize,
    /// The offset of the colour profile, and its length.
    profile: Option<(usize, usize)>,
}

fn short(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

fn long(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_le_bytes(*bytes.get(at..)?.first_chunk()?))
}

impl Header {
    pub(super) fn read(bytes: &[u8]) -> Result<Header, Failure> {
        let size = long(bytes, INFO).ok_or_else(|| broken(Format::Bmp, CUT_SHORT))?;
        if !(12..=256).contains(&size) {
            return Err(broken(Format::Bmp, "a header of no known size"));
        }
        let read = || match size {
            12 => Some(Header::core(bytes)),
            _ => Header::info(bytes, size as usize),
        };
        read().ok_or_else(|| broken(Format::Bmp, CUT_SHORT))?
    }

    /// Reads OS/2's first header: sides with 16 bits, and a palette with three bytes per colour.
    fn core(bytes: &[u8]) -> Result<Header, Failure> {
        let field = |at| short(bytes, INFO + at).map_or(0, u32::from);
        let header = Header {
            size: (field(4), field(6)),
            top_down: false,
            depth: field(10) as u16,
            coding: Coding::Plain,
            fields: [None; 4],
            palette: Vec::new(),
            data: long(bytes, 10).unwrap_or(0) as usize,
            profile: None,
        };
        let palette = INFO + 12;
        // The number of colours is not stored: the palette extends to the pixels.
        let room = header.data.saturating_sub(palette) / 3;
        header.finished(bytes, palette, 3, room, [0; 4])
    }

    /// Reads all other headers. Fields that a short header does not have are zero. `None` if the
    /// file ends within it.
    fn info(bytes: &[u8], size: usize) -> Option<Result<Header, Failure>> {
        let field = |at: usize| match at + 4 <= size {
            true => long(bytes, INFO + at),
            false => Some(0),
        };
        let (width, height) = (field(4)? as i32, field(8)? as i32);
        // The number of planes is ignored, because it is wrong in many files and no program uses
        // it.
        let depth = short(bytes, INFO + 14)?;
        let compression = field(16)?;
        // Windows names headers of 40 bytes and more; the other sizes are OS/2's.
        let of_os2 = size < 40 || size == 64;
        let unsupported = |what: &str| {
            let what = format!("a BMP with {what}");
            Some(Err(Failure::Unsupported { what }))
        };
        let (coding, masks) = match (compression, depth) {
            (0, _) => (Coding::Plain, false),
            (1, 8) | (2, 4) => (Coding::RunLengths, false),
            (3, 1) if of_os2 => return unsupported("Huffman's compression"),
            (4, 24) if of_os2 => (Coding::RunLengths, false),
            (3 | 6, 16 | 32) => (Coding::Plain, true),
            (4, _) => return unsupported("a JPEG in it"),
            (5, _) => return unsupported("a PNG in it"),
            _ => return unsupported("this kind of compression"),
        };
        let mut palette = INFO + size;
        let masks = match masks {
            false => [0; 4],
            true if size >= 52 => [field(40)?, field(44)?, field(48)?, field(52)?],
            true => {
                let mask = |number: usize| long(bytes, INFO + size + 4 * number);
                let alpha = if compression == 6 { mask(3)? } else { 0 };
                palette += if compression == 6 { 16 } else { 12 };
                [mask(0)?, mask(1)?, mask(2)?, alpha]
            }
        };
        let embedded = size >= 124 && field(56)? == u32::from_be_bytes(*b"MBED");
        let profile = (INFO + field(112)? as usize, field(116)? as usize);
        let header = Header {
            size: (width.max(0) as u32, height.unsigned_abs()),
            top_down: height < 0,
            depth,
            coding,
            fields: [None; 4],
            palette: Vec::new(),
            data: long(bytes, 10)? as usize,
            profile: embedded.then_some(profile),
        };
        let colours = field(32)? as usize;
        Some(header.finished(bytes, palette, 4, colours, masks))
    }

    /// Adds the palette, which begins at `at`, and the fields.
    fn finished(
        mut self,
        bytes: &[u8],
        at: usize,
        each: usize,
        colours: usize,
        masks: [u32; 4],
    ) -> Result<Header, Failure> {
        if self.size.0 == 0 || self.size.1 == 0 {
            return Err(broken(Format::Bmp, "no pixels in it"));
        }
        match self.depth {
            1 | 2 | 4 | 8 => {
                let most = 1 << self.depth;
                let count = if colours == 0 {
                    most
                } else {
                    colours.min(most)
                };
                let entries = bytes.get(at..).unwrap_or_default().chunks_exact(each);
                let colours = entries.take(count).map(|it| [it[2], it[1], it[0]]);
                self.palette = colours.collect();
                // In some files the pixels' offset is that of the palette.
                if self.data == 0 || self.data == at {
                    self.data = at + count * each;
                }
            }
            16 | 32 => {
                let usual = match self.depth {
                    16 => [0x7c00, 0x03e0, 0x001f, 0],
                    _ => [0x00ff_0000, 0x0000_ff00, 0x0000_00ff, 0],
                };
                let masks = if masks == [0; 4] { usual } else { masks };
                self.fields = masks.map(Field::of_mask);
            }
            24 => {}
            _ => {
                let what = "a BMP with this many bits a pixel".to_owned();
                return Err(Failure::Unsupported { what });
            }
        }
        if self.data == 0 {
            self.data = at;
        }
        Ok(self)
    }

    /// The bytes from one row to the next.
    pub(super) fn stride(&self) -> usize {
        (self.size.0 as usize * usize::from(self.depth)).div_ceil(32) * 4
    }

    /// The bytes of a complete row.
    pub(super) fn least_row(&self) -> usize {
        match self.coding {
            Coding::RunLengths => self.size.0 as usize * self.bytes_of_runs(),
            Coding::Plain => (self.size.0 as usize * usize::from(self.depth)).div_ceil(8),
        }
    }

    /// The bytes per pixel after unpacking.
    pub(super) fn bytes_of_runs(&self) -> usize {
        if self.depth == 24 { 3 } else { 1 }
    }

    /// The colour profile, if there is one.
    pub(super) fn profile(&self, bytes: &[u8]) -> Option<Vec<u8>> {
        let (at, length) = self.profile?;
        let profile = bytes.get(at..at.checked_add(length)?)?;
        (length as u64 <= LARGEST_PROFILE).then(|| profile.to_vec())
    }
}
