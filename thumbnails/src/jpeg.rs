//! JPEG at reduced scale: a decoder for thumbnails, which does no more than the thumbnail needs.
//!
//! A JPEG is made of blocks of 8x8 pixels, each stored as 64 frequencies. The lowest NxN of them
//! are the block at NxN pixels, so a picture at 1/8, 1/4 or 1/2 of its size comes out of a few
//! frequencies each; the rest need not even be worked out, only stepped over. Chroma, which most
//! cameras store at half size, is decoded at twice the scale of luma and so needs no enlarging,
//! unless the picture is decoded at full size.
//!
//! It reads what is in the world: Huffman JPEGs of 8 bits, sequential or progressive, in one scan or
//! several, of 1, 3 or 4 components in any sampling. Of a damaged one it gives what is there.
//! Arithmetic coding, lossless JPEG, 12 bits and hierarchical JPEG are not supported, and said so.
//!
//! | file | from | to |
//! |---|---|---|
//! | `segments.rs` | the file | its segments |
//! | [`header`], `tables.rs`, `standard.rs` | segments | sizes, tables, colours |
//! | `scan.rs` | a scan | its blocks in order, past damage |
//! | `sequential.rs`, `progressive.rs`, `huffman.rs`, `bits.rs` | bits | frequencies |
//! | `idct.rs` | frequencies | samples |
//! | `frame.rs`, `pixels.rs` | samples | pixels |
//!
//! Sources: ITU-T T.81 (JPEG); for scaling in the frequency domain, J. Dugad and N. Ahuja, "A fast
//! scheme for image size change in the compressed domain", IEEE TCSVT 11(4), 2001.

mod bits;
mod frame;
pub mod header;
mod huffman;
mod idct;
mod pixels;
mod progressive;
mod scan;
mod segments;
mod sequential;
mod standard;
mod tables;

use std::time::Instant;

use bits::Bits;
use frame::Frame;
use header::{Header, JpegError};
use progressive::Frequencies;
use scan::Scan;
use segments::Segments;

/// Blocks are shrunk to this many pixels a side.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Scale {
    /// An eighth of the size: the mean of each block.
    One = 1,
    /// A quarter.
    Two = 2,
    /// Half.
    Four = 4,
    /// Full size.
    Eight = 8,
}

impl Scale {
    /// The smallest scale at which a picture of `width` x `height` still has `least` pixels.
    ///
    /// ```
    /// use thumbnails::jpeg::Scale;
    /// assert_eq!(Scale::for_at_least((4000, 3000), (512, 384)), Scale::Two);
    /// assert_eq!(Scale::for_at_least((300, 200), (512, 384)), Scale::Eight);
    /// ```
    pub fn for_at_least(size: (u32, u32), least: (u32, u32)) -> Scale {
        [Scale::One, Scale::Two, Scale::Four]
            .into_iter()
            .find(|scale| scale.of(size.0) >= least.0 && scale.of(size.1) >= least.1)
            .unwrap_or(Scale::Eight)
    }

    /// A length in pixels at this scale, rounded up.
    pub fn of(self, length: u32) -> u32 {
        (u64::from(length) * self as u64).div_ceil(8) as u32
    }
}

/// A JPEG that was decoded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// A byte for each component of a pixel: grey; red, green and blue; or four inks as stored.
    pub data: Vec<u8>,
    /// What was wrong, where not all of the picture could be decoded: the rest is grey.
    pub damage: Option<JpegError>,
}

/// More scans than any encoder writes. libjpeg-turbo's own tools stop at 500.
const MOST_SCANS: usize = 200;

/// The bytes that [`decode`] allocates, beside the pixels that it returns.
pub fn memory(header: &Header<'_>, scale: Scale) -> u64 {
    let frequencies = match header.progressive {
        true => progressive::bytes(&Frame::new_empty(header, scale)),
        false => 0,
    };
    Frame::bytes(header, scale) + frequencies
}

/// Decodes a JPEG whose header was read. A damaged one gives what is there.
///
/// # Errors
/// [`JpegError`] if nothing could be decoded, or when `deadline` passes.
pub fn decode(
    bytes: &[u8],
    header: &Header<'_>,
    scale: Scale,
    deadline: Option<Instant>,
) -> Result<Pixels, JpegError> {
    let mut frame = Frame::new(header, scale);
    let mut frequencies = header.progressive.then(|| Frequencies::new(&frame));
    let mut tables = header.tables.clone();
    let mut segments = Segments::new(bytes, header.first_scan);
    let (mut damage, mut units, mut scans) = (None, 0, 0);
    // Components of which nothing has come yet.
    let mut missing = vec![true; header.components.len()];
    while let Some(segment) = segments.next() {
        match segment.marker {
            0xda => {}
            // The end, or the beginning of another picture.
            0xd9 | 0xc0..=0xc2 => break,
            marker => {
                if let Err(error) = tables.read(marker, segment.data) {
                    damage.get_or_insert(error);
                }
                continue;
            }
        }
        scans += 1;
        if scans > MOST_SCANS {
            return Err(JpegError::TooManyScans);
        }
        let scan = match Scan::read(header, segment.data) {
            Ok(scan) => scan,
            Err(error) => {
                damage.get_or_insert(error);
                continue;
            }
        };
        let mut bits = Bits::new(&bytes[segment.end..]);
        let read = match &mut frequencies {
            Some(frequencies) if !frequencies.wants(&scan) => continue,
            Some(frequencies) => frequencies.read(&frame, &scan, &tables, &mut bits, deadline),
            None => sequential::decode(&mut frame, &scan, &tables, &mut bits, deadline),
        };
        segments.skip_to(segment.end + bits.position());
        match read {
            Ok(done) => {
                units += done.units;
                damage = damage.or(done.damage);
                scan.parts
                    .iter()
                    .for_each(|part| missing[part.plane] = false);
            }
            Err(JpegError::TooSlow) => return Err(JpegError::TooSlow),
            Err(error) => damage = damage.or(Some(error)),
        }
        // Behind the picture there may be anything.
        if frequencies.is_none() && !missing.contains(&true) {
            break;
        }
    }
    if missing.contains(&true) {
        damage.get_or_insert(JpegError::CutShort);
    }
    if units == 0 {
        return Err(damage.unwrap_or(JpegError::NoScan));
    }
    if let Some(frequencies) = frequencies {
        frequencies.finish(&mut frame, deadline)?;
    }
    Ok(Pixels {
        data: pixels::interleave(&frame, header.colours()),
        damage,
    })
}
