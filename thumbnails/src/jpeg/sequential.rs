//! Scans with complete blocks, which are converted to samples at once.

use std::time::Instant;

use super::bits::Bits;
use super::frame::{Frame, Plane};
use super::header::JpegError;
use super::huffman::{Ac, Dc};
use super::idct::Idct;
use super::scan::{self, Blocks, Done, Order, Scan};
use super::tables::Tables;

/// Decodes a scan into the planes of its components.
pub(super) fn decode(
    frame: &mut Frame,
    scan: &Scan,
    tables: &Tables<'_>,
    bits: &mut Bits<'_>,
    deadline: Option<Instant>,
) -> Result<Done, JpegError> {
    let order = Order::new(frame, scan, tables.restart_interval);
    // Components may share tables, so each is built once.
    let mut dc: [Option<Dc>; 4] = Default::default();
    let mut ac: [Option<Ac>; 4] = Default::default();
    for part in &scan.parts {
        if dc[part.dc].is_none() {
            dc[part.dc] = Some(Dc::new(tables.dc(part.dc)?)?);
        }
        if ac[part.ac].is_none() {
            let stepped = |plane: &Plane| plane.block_size != (8, 8);
            let steps = frame.planes.iter().any(stepped);
            ac[part.ac] = Some(Ac::new(tables.ac(part.ac)?, steps)?);
        }
    }
    let mut planes: Vec<Option<&mut Plane>> = frame.planes.iter_mut().map(Some).collect();
    let mut parts = Vec::with_capacity(scan.parts.len());
    for part in &scan.parts {
        let missing = JpegError::NoTable;
        let plane = planes[part.plane].take().ok_or(JpegError::BrokenHeader)?;
        let quant = tables.quant[plane.quant].as_ref().ok_or(missing)?;
        parts.push(Sequential {
            dc: dc[part.dc].as_ref().ok_or(missing)?,
            ac: ac[part.ac].as_ref().ok_or(missing)?,
            idct: Idct::new(quant, plane.block_size, plane.inside),
            plane,
            last_dc: 0,
        });
    }
    scan::decode(&order, bits, deadline, &mut parts)
}

/// A component, with its tables and its transform.
struct Sequential<'a> {
    dc: &'a Dc,
    ac: &'a Ac,
    idct: Idct,
    plane: &'a mut Plane,
    last_dc: i32,
}

impl Blocks for Vec<Sequential<'_>> {
    #[inline(always)]
    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        part: usize,
        place: (usize, usize),
    ) -> Result<(), JpegError> {
        let part = &mut self[part];
        let mut block = [0_i16; 64];
        part.last_dc = part.last_dc.wrapping_add(part.dc.difference(bits)?);
        // A value out of range comes from damage. The transform clamps it.
        block[0] = part.last_dc as i16;
        let edge = part.plane.at_edge(place);
        let wanted = match edge {
            (false, false) => part.idct.last_wanted(),
            _ => 63,
        };
        let read = part.ac.read(bits, wanted, &mut block);
        if bits.ran_out() {
            return Ok(());
        }
        let (at, stride) = (part.plane.place(place), part.plane.stride);
        let samples = &mut part.plane.samples[at..];
        // The part of a broken block that was read is better than nothing.
        let last = *read.as_ref().unwrap_or(&wanted);
        if last > 0 && edge != (false, false) {
            part.idct.write_edge(&block, edge, samples, stride);
        } else {
            part.idct.write(&block, last, samples, stride);
        }
        read.map(|_| ())
    }

    fn restart(&mut self) {
        self.iter_mut().for_each(|part| part.last_dc = 0);
    }
}
