//! Scans with some of each block's frequencies, or some of their bits. All are kept until the last
//! scan has been read (ITU-T T.81, annex G).

use std::time::Instant;

use super::bits::Bits;
use super::frame::{Frame, Plane};
use super::header::JpegError;
use super::huffman::{Codes, Dc};
use super::idct::{Idct, ZIGZAG};
use super::scan::{self, Blocks, Done, Order, Scan};
use super::tables::Tables;

/// The frequencies of a picture so far.
pub(super) struct Frequencies {
    planes: Vec<Stored>,
}

/// The frequencies of a component.
struct Stored {
    /// The blocks per row.
    across: usize,
    /// The frequencies by block, each in natural order.
    values: Vec<i16>,
    /// The number of frequencies that are kept per block: all, or only the first.
    each: usize,
    /// The zigzag index of the last frequency that is needed.
    wanted: usize,
    /// For each frequency, by its zigzag index: the lowest bit that a scan has had, or [`NONE`].
    lowest_bit: [u32; 64],
    /// The transform, with the table at the component's first scan.
    idct: Option<Idct>,
}

/// No bit of a frequency was in a scan. Then `high` of its first scan is 0.
const NONE: u32 = 16;

impl Stored {
    fn block(&mut self, (column, row): (usize, usize)) -> &mut [i16] {
        let at = (row * self.across + column) * self.each;
        &mut self.values[at..at + self.each]
    }
}

/// The last frequency that a plane needs, and how many are kept per block.
fn kept(plane: &Plane) -> (usize, usize) {
    let wanted = Idct::new(&[1; 64], plane.block_size, plane.inside).last_wanted();
    (wanted, if wanted == 0 { 1 } else { 64 })
}

/// The memory of a picture's frequencies, in bytes.
pub(super) fn bytes(frame: &Frame) -> u64 {
    let plane = |plane: &Plane| (plane.blocks.0 * plane.blocks.1 * kept(plane).1 * 2) as u64;
    frame.planes.iter().map(plane).sum()
}

impl Frequencies {
    pub(super) fn new(frame: &Frame) -> Frequencies {
        let stored = |plane: &Plane| {
            let (wanted, each) = kept(plane);
            Stored {
                across: plane.blocks.0,
                values: vec![0; plane.blocks.0 * plane.blocks.1 * each],
                each,
                wanted,
                lowest_bit: [NONE; 64],
                idct: None,
            }
        };
        Frequencies {
            planes: frame.planes.iter().map(stored).collect(),
        }
    }

    /// Notes which bits a scan has. Returns whether they are the next ones.
    pub(super) fn note(&mut self, scan: &Scan) -> bool {
        let mut next = true;
        for part in &scan.parts {
            for bit in &mut self.planes[part.plane].lowest_bit[scan.from..=scan.to] {
                next &= scan.high == *bit % NONE;
                *bit = scan.low;
            }
        }
        next
    }

    /// Whether there were scans of all bits. An encoder may omit frequencies that are zero.
    pub(super) fn are_complete(&self) -> bool {
        let mut bits = self.planes.iter().flat_map(|plane| plane.lowest_bit);
        bits.all(|it| it == 0)
    }

    /// Whether a scan contains anything that is needed. A scan of higher frequencies may: the codes
    /// of later scans depend on which frequencies are not zero so far.
    pub(super) fn wants(&self, scan: &Scan) -> bool {
        let wants = |part: &scan::Part| scan.from == 0 || self.planes[part.plane].wanted > 0;
        scan.parts.iter().any(wants)
    }

    /// Reads a scan.
    pub(super) fn read(
        &mut self,
        frame: &Frame,
        scan: &Scan,
        tables: &Tables<'_>,
        bits: &mut Bits<'_>,
        deadline: Option<Instant>,
    ) -> Result<Done, JpegError> {
        for part in &scan.parts {
            let (stored, plane) = (&mut self.planes[part.plane], &frame.planes[part.plane]);
            if stored.idct.is_none() {
                let quant = tables.quant[plane.quant].as_ref();
                stored.idct = Some(Idct::new(
                    quant.ok_or(JpegError::NoTable)?,
                    plane.block_size,
                    plane.inside,
                ));
            }
        }
        let order = Order::new(frame, scan, tables.restart_interval);
        let kind = match (scan.from, scan.high) {
            (0, 0) => {
                let dc = |part: &scan::Part| Dc::new(tables.dc(part.dc)?);
                let codes = scan.parts.iter().map(dc);
                Kind::Means(codes.collect::<Result<_, _>>()?)
            }
            (0, _) => Kind::MeansBit,
            (_, 0) => Kind::Rest(Codes::new(tables.ac(scan.parts[0].ac)?)?),
            _ => Kind::RestBit(Codes::new(tables.ac(scan.parts[0].ac)?)?),
        };
        let mut blocks = Progressive {
            stored: self,
            scan,
            kind,
            last_dc: vec![0; scan.parts.len()],
            empty: 0,
        };
        scan::decode(&order, bits, deadline, &mut blocks)
    }

    /// Writes the samples of all blocks.
    pub(super) fn finish(
        mut self,
        frame: &mut Frame,
        deadline: Option<Instant>,
    ) -> Result<(), JpegError> {
        for (stored, plane) in self.planes.iter_mut().zip(&mut frame.planes) {
            let Some(idct) = stored.idct.take() else {
                continue;
            };
            for row in 0..plane.alone.1 {
                if deadline.is_some_and(|deadline| Instant::now() > deadline) {
                    return Err(JpegError::TooSlow);
                }
                for column in 0..plane.alone.0 {
                    let place = (column, row);
                    let mut block = [0; 64];
                    block[..stored.each].copy_from_slice(stored.block(place));
                    let flat = block[1..].iter().all(|&it| it == 0);
                    let last = if flat { 0 } else { stored.wanted };
                    let (at, stride) = (plane.place(place), plane.stride);
                    let edge = plane.at_edge(place);
                    let samples = &mut plane.samples[at..];
                    if flat || edge == (false, false) {
                        idct.write(&block, last, samples, stride);
                    } else {
                        idct.write_edge(&block, edge, samples, stride);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The content of a scan.
enum Kind {
    /// The means of blocks, by part.
    Means(Vec<Dc>),
    /// One more bit of the means.
    MeansBit,
    /// Other frequencies.
    Rest(Codes),
    /// One more bit of the other frequencies, and new ones.
    RestBit(Codes),
}

struct Progressive<'a> {
    stored: &'a mut Frequencies,
    scan: &'a Scan,
    kind: Kind,
    /// The last mean of each part.
    last_dc: Vec<i32>,
    /// How many following blocks have no more frequencies in this scan.
    empty: u32,
}

impl Blocks for Progressive<'_> {
    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        part: usize,
        place: (usize, usize),
    ) -> Result<(), JpegError> {
        let block = self.stored.planes[self.scan.parts[part].plane].block(place);
        let low = self.scan.low;
        match &self.kind {
            Kind::Means(codes) => {
                let last = &mut self.last_dc[part];
                *last = last.wrapping_add(codes[part].difference(bits)?);
                block[0] = (*last << low) as i16;
                Ok(())
            }
            Kind::MeansBit => {
                block[0] |= i16::from(bits.bit()) << low;
                Ok(())
            }
            Kind::Rest(codes) => first(bits, codes, self.scan, &mut self.empty, block),
            Kind::RestBit(codes) => refine(bits, codes, self.scan, &mut self.empty, block),
        }
    }

    fn restart(&mut self) {
        self.last_dc.fill(0);
        self.empty = 0;
    }
}

/// The position of a frequency in its block: `k` is its zigzag index.
fn place(k: usize) -> usize {
    ZIGZAG[k].into()
}

/// Reads frequencies for the first time (G.1.2.2).
fn first(
    bits: &mut Bits<'_>,
    codes: &Codes,
    scan: &Scan,
    empty: &mut u32,
    block: &mut [i16],
) -> Result<(), JpegError> {
    if *empty > 0 {
        *empty -= 1;
        return Ok(());
    }
    let mut k = scan.from;
    while k <= scan.to {
        bits.refill();
        let symbol = codes.symbol(bits)?;
        let (zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        if size == 0 {
            if zeros < 15 {
                *empty = (1 << zeros) - 1 + bits.number(zeros);
                return Ok(());
            }
            k += 16;
            continue;
        }
        k += zeros as usize;
        bits.refill();
        let value = bits.value(size) << scan.low;
        if k <= scan.to {
            block[place(k)] = value as i16;
        }
        k += 1;
    }
    Ok(())
}

/// Reads one more bit of each frequency, and new ones (G.1.2.3).
fn refine(
    bits: &mut Bits<'_>,
    codes: &Codes,
    scan: &Scan,
    empty: &mut u32,
    block: &mut [i16],
) -> Result<(), JpegError> {
    let one = 1_i16 << scan.low;
    let improve = |bits: &mut Bits<'_>, value: &mut i16| {
        if bits.bit() && *value & one == 0 {
            *value = value.wrapping_add(if *value > 0 { one } else { -one });
        }
    };
    let mut k = scan.from;
    while *empty == 0 && k <= scan.to {
        bits.refill();
        let symbol = codes.symbol(bits)?;
        let (mut zeros, size) = (u32::from(symbol >> 4), u32::from(symbol & 15));
        let new = match size {
            0 if zeros < 15 => {
                *empty = (1 << zeros) + bits.number(zeros);
                break;
            }
            0 => 0,
            _ if bits.bit() => one,
            _ => -one,
        };
        // Skip this number of zeros. Each frequency that is not zero has one bit.
        while k <= scan.to {
            let value = &mut block[place(k)];
            if *value != 0 {
                improve(bits, value);
            } else if zeros == 0 {
                *value = new;
                k += 1;
                break;
            } else {
                zeros -= 1;
            }
            k += 1;
        }
        if bits.ran_out() {
            return Err(JpegError::CutShort);
        }
    }
    if *empty > 0 {
        for k in k..=scan.to {
            let value = &mut block[place(k)];
            if *value != 0 {
                improve(bits, value);
            }
        }
        *empty -= 1;
    }
    Ok(())
}
