//! JPEG at reduced scale: a decoder for thumbnails, which does no more than the thumbnail needs.
//!
//! A JPEG is made of blocks of 8x8 pixels, each stored as 64 frequencies. The lowest NxN of them
//! are the block at NxN pixels, so a picture at 1/8, 1/4 or 1/2 of its size comes out of a few
//! frequencies each; the rest need not even be worked out, only stepped over. Chroma, which most
//! cameras store at half size, is decoded at twice the scale of luma and so needs no enlarging.
//!
//! This file reads what cameras write: 8-bit sequential (baseline) Huffman JPEGs in one scan.
//! [`header`] tells which those are; the others are for a decoder that knows everything.
//!
//! Sources: ITU-T T.81 (JPEG); for scaling in the frequency domain, J. Dugad and N. Ahuja, "A fast
//! scheme for image size change in the compressed domain", IEEE TCSVT 11(4), 2001.

pub mod header;
mod huffman;
mod idct;

use std::time::Instant;

use header::{Header, JpegError};
use huffman::{Ac, Bits, Dc};

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

/// Decodes a JPEG of which [`Header::is_plain`] holds, to one (luma) or three (RGB) bytes a pixel.
///
/// # Errors
/// [`JpegError`] for what is broken or cut short, and when `deadline` passes.
pub fn decode(
    bytes: &[u8],
    header: &Header<'_>,
    scale: Scale,
    deadline: Option<Instant>,
) -> Result<Vec<u8>, JpegError> {
    let scan = header.scan.as_ref().ok_or(JpegError::NoScan)?;
    let layout = Layout::new(header, scale);
    let mut components = Vec::with_capacity(header.components.len());
    for (component, tables) in header.components.iter().zip(&scan.components) {
        let quant = header.quant[usize::from(component.quant)];
        components.push(Plane {
            dc: Dc::new(header.dc[usize::from(tables.dc)].ok_or(JpegError::NoTable)?)?,
            ac: Ac::new(header.ac[usize::from(tables.ac)].ok_or(JpegError::NoTable)?)?,
            idct: idct::Idct::new(
                quant.as_ref().ok_or(JpegError::NoTable)?,
                layout.scale * layout.across / layout.of(component.across),
                layout.scale * layout.down / layout.of(component.down),
            ),
            across: layout.of(component.across),
            down: layout.of(component.down),
            last_dc: 0,
            samples: vec![0; layout.stride * layout.rows],
        });
    }

    let mut bits = Bits::new(&bytes[scan.data..]);
    let mut pixels = Vec::with_capacity(layout.width * layout.height * components.len());
    let mut until_restart = header.restart_interval;
    for row in 0..layout.units_down {
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return Err(JpegError::TooSlow);
        }
        for unit in 0..layout.units_across {
            if header.restart_interval > 0 {
                if until_restart == 0 {
                    bits.restart()?;
                    components.iter_mut().for_each(|plane| plane.last_dc = 0);
                    until_restart = header.restart_interval;
                }
                until_restart -= 1;
            }
            for plane in &mut components {
                plane.unit(&mut bits, unit, layout.stride)?;
            }
        }
        if bits.ran_out() {
            return Err(JpegError::CutShort);
        }
        let rows = layout.rows.min(layout.height - row * layout.rows);
        for y in 0..rows {
            let from = y * layout.stride;
            let line = from..from + layout.width;
            match &components[..] {
                [y, cb, cr] if header.is_ycc() => rgb_line(
                    &y.samples[line.clone()],
                    &cb.samples[line.clone()],
                    &cr.samples[line],
                    &mut pixels,
                ),
                [red, green, blue] => pixels.extend(
                    line.flat_map(|at| [red.samples[at], green.samples[at], blue.samples[at]]),
                ),
                planes => pixels.extend_from_slice(&planes[0].samples[line]),
            }
        }
    }
    Ok(pixels)
}

/// How the picture is divided, in pixels at the scale chosen.
struct Layout {
    scale: usize,
    /// Blocks of the finest component in a unit.
    across: usize,
    down: usize,
    units_across: usize,
    units_down: usize,
    /// A row of units: its samples a line, and lines.
    stride: usize,
    rows: usize,
    width: usize,
    height: usize,
    alone: bool,
}

impl Layout {
    fn new(header: &Header<'_>, scale: Scale) -> Layout {
        // A component alone has no neighbours to keep step with: its unit is one block.
        let alone = header.components.len() == 1;
        let most = |of: fn(&header::Component) -> u8| {
            let most = header.components.iter().map(of).max().unwrap_or(1);
            if alone { 1 } else { usize::from(most) }
        };
        let (across, down) = (most(|it| it.across), most(|it| it.down));
        let units_across = (header.width as usize).div_ceil(8 * across);
        Layout {
            scale: scale as usize,
            across,
            down,
            units_across,
            units_down: (header.height as usize).div_ceil(8 * down),
            stride: units_across * across * scale as usize,
            rows: down * scale as usize,
            width: scale.of(header.width) as usize,
            height: scale.of(header.height) as usize,
            alone,
        }
    }

    /// Blocks of a component in a unit.
    fn of(&self, blocks: u8) -> usize {
        if self.alone { 1 } else { usize::from(blocks) }
    }
}

/// A component, and its samples in the row of units at hand.
struct Plane {
    dc: Dc,
    ac: Ac,
    idct: idct::Idct,
    across: usize,
    down: usize,
    last_dc: i32,
    samples: Vec<u8>,
}

impl Plane {
    /// Decodes this component's blocks of a unit.
    fn unit(&mut self, bits: &mut Bits<'_>, unit: usize, stride: usize) -> Result<(), JpegError> {
        let (width, height) = self.idct.size();
        for down in 0..self.down {
            for across in 0..self.across {
                let mut block = [0_i16; 64];
                self.last_dc = self.last_dc.wrapping_add(self.dc.difference(bits)?);
                // What is out of range was no picture; the transform clamps it.
                block[0] = self.last_dc as i16;
                let last = self.ac.read(bits, self.idct.last_wanted(), &mut block)?;
                let at = down * height * stride + (unit * self.across + across) * width;
                self.idct
                    .write(&block, last, &mut self.samples[at..], stride);
            }
        }
        Ok(())
    }
}

/// BT.601, full range, as JFIF has it, in 16.16 fixed point.
fn rgb_line(y: &[u8], cb: &[u8], cr: &[u8], pixels: &mut Vec<u8>) {
    const HALF: i32 = 1 << 15;
    let from = pixels.len();
    pixels.resize(from + 3 * y.len(), 0);
    let line = pixels[from..].as_chunks_mut::<3>().0;
    for (((pixel, &y), &cb), &cr) in line.iter_mut().zip(y).zip(cb).zip(cr) {
        let y = (i32::from(y) << 16) + HALF;
        let (cb, cr) = (i32::from(cb) - 128, i32::from(cr) - 128);
        *pixel = [
            ((y + 91_881 * cr) >> 16).clamp(0, 255) as u8,
            ((y - 22_554 * cb - 46_802 * cr) >> 16).clamp(0, 255) as u8,
            ((y + 116_130 * cb) >> 16).clamp(0, 255) as u8,
        ];
    }
}
