//! JPEG at reduced scale: a decoder that does only the work that a thumbnail needs.
//!
//! A JPEG consists of blocks of 8x8 pixels, each stored as 64 frequencies. The lowest NxN of them
//! are the block at NxN pixels. So a picture at 1/8, 1/4 or 1/2 of its size needs only a few
//! frequencies per block; the others are skipped. Most cameras store chroma at half size. It is
//! decoded at twice the scale of luma, so it needs no enlarging, unless the picture is decoded at
//! full size.
//!
//! It reads Huffman JPEGs with 8 bits, sequential or progressive, in one scan or several, with 1, 3
//! or 4 components in any sampling. Of a damaged one it returns the readable part. Arithmetic
//! coding, lossless JPEG, 12 bits and hierarchical JPEG give an error.
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

/// The size of a decoded block: this number of pixels per side.
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
    /// The smallest scale at which a picture of size `size` still has `least` pixels.
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

/// A decoded JPEG.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pixels {
    /// One byte for each component of a pixel: grey; red, green and blue; or four inks as stored.
    pub data: Vec<u8>,
    /// The error, if a part of the picture could not be decoded. That part is grey.
    pub damage: Option<JpegError>,
}

/// The maximum number of scans, more than any encoder writes. The limit of libjpeg-turbo's tools is
/// 500.
const MOST_SCANS: usize = 200;

/// The memory that [`decode`] allocates in bytes, besides the returned pixels.
pub fn memory(header: &Header<'_>, scale: Scale) -> u64 {
    let frequencies = match header.progressive {
        true => progressive::bytes(&Frame::new_empty(header, scale)),
        false => 0,
    };
    Frame::bytes(header, scale) + frequencies
}

/// Decodes a JPEG after its header was read. Of a damaged one it returns the readable part.
///
/// # Errors
/// [`JpegError`] if nothing could be decoded, or if `deadline` has passed.
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
    let (mut damage, mut units, mut scans, mut ended) = (None, 0, 0, false);
    // The components without any data so far.
    let mut missing = vec![true; header.components.len()];
    while let Some(segment) = segments.next() {
        // Before the end there may be junk. Elsewhere it may have been a table, or a scan.
        if segment.follows_junk && segment.marker != 0xd9 {
            damage.get_or_insert(JpegError::Gap);
        }
        match segment.marker {
            0xda => {}
            0xd9 => {
                ended = !segment.follows_junk;
                break;
            }
            // Another picture begins.
            0xc0..=0xc2 => break,
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
        if let Some(frequencies) = &mut frequencies
            && !frequencies.note(&scan)
        {
            damage.get_or_insert(JpegError::Gap);
        }
        let mut bits = Bits::new(&bytes[segment.end..]);
        let read = match &mut frequencies {
            Some(frequencies) if !frequencies.wants(&scan) => {
                segments.skip_scan();
                continue;
            }
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
        // After the picture there may be any data.
        if frequencies.is_none() && !missing.contains(&true) {
            break;
        }
    }
    let complete = frequencies.as_ref().is_none_or(Frequencies::are_complete);
    if missing.contains(&true) || !ended && !complete {
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
