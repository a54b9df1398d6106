//! A scan: the order of its blocks, restart markers, and damaged data.

use std::time::Instant;

use super::bits::{Bits, Restart};
use super::frame::Frame;
use super::header::{Header, JpegError};

/// The segment of a scan.
#[derive(Debug)]
pub(super) struct Scan {
    pub(super) parts: Vec<Part>,
    /// Progressive: the zigzag indices of the first and the last frequency.
    pub(super) from: usize,
    pub(super) to: usize,
    /// Progressive: the bit of the scan before, and of this scan; 0 before the first.
    pub(super) high: u32,
    pub(super) low: u32,
}

/// A component in a scan.
#[derive(Clone, Copy, Debug)]
pub(super) struct Part {
    /// The index of the component in the picture.
    pub(super) plane: usize,
    /// The indices of its Huffman tables.
    pub(super) dc: usize,
    pub(super) ac: usize,
}

impl Scan {
    pub(super) fn read(header: &Header<'_>, segment: &[u8]) -> Result<Scan, JpegError> {
        let broken = JpegError::BrokenHeader;
        let (&count, rest) = segment.split_first().ok_or(broken)?;
        let (entries, rest) = rest
            .split_at_checked(2 * usize::from(count))
            .ok_or(broken)?;
        let mut parts: Vec<Part> = Vec::new();
        for &[id, tables] in entries.as_chunks::<2>().0 {
            // Several components may have the same name: then they come in order.
            let plane = (0..header.components.len())
                .find(|&at| {
                    header.components[at].id == id && !parts.iter().any(|part| part.plane == at)
                })
                .ok_or(broken)?;
            let (dc, ac) = (usize::from(tables >> 4), usize::from(tables & 15));
            if dc > 3 || ac > 3 {
                return Err(broken);
            }
            parts.push(Part { plane, dc, ac });
        }
        if parts.is_empty() {
            return Err(broken);
        }
        // Sequential: these values are ignored.
        let (from, to, bits) = match rest {
            &[from, to, bits, ..] if header.progressive => (from.into(), to.into(), bits),
            _ if header.progressive => return Err(broken),
            _ => (0, 63, 0),
        };
        let (high, low) = (u32::from(bits >> 4), u32::from(bits & 15));
        let alone = parts.len() == 1;
        if from > to
            || to > 63
            || low > 13
            // Each scan after the first has the next bit.
            || high > 0 && high != low + 1
            || header.progressive && (from == 0) != (to == 0)
            || from > 0 && !alone
        {
            return Err(broken);
        }
        Ok(Scan {
            parts,
            from,
            to,
            high,
            low,
        })
    }
}

/// Decodes one block after the other.
pub(super) trait Blocks {
    /// Decodes a block of the given part of the scan, which is at `place` among its blocks.
    fn block(
        &mut self,
        bits: &mut Bits<'_>,
        part: usize,
        place: (usize, usize),
    ) -> Result<(), JpegError>;

    /// Resets the state, as required at a restart marker.
    fn restart(&mut self);
}

/// The order of a scan's blocks.
pub(super) struct Order {
    /// For each part: its blocks in a unit.
    parts: Vec<(usize, usize)>,
    units: (usize, usize),
    restart_interval: usize,
}

impl Order {
    pub(super) fn new(frame: &Frame, scan: &Scan, restart_interval: usize) -> Order {
        if let [part] = &scan.parts[..] {
            // A single component has no neighbours, so its unit is one block.
            return Order {
                parts: vec![(1, 1)],
                units: frame.planes[part.plane].alone,
                restart_interval,
            };
        }
        let unit = |part: &Part| frame.planes[part.plane].unit;
        Order {
            parts: scan.parts.iter().map(unit).collect(),
            units: frame.units,
            restart_interval,
        }
    }
}

/// The result of a scan.
#[derive(Debug, Default)]
pub(super) struct Done {
    /// The number of decoded units.
    pub(super) units: usize,
    /// The first error.
    pub(super) damage: Option<JpegError>,
}

/// Decodes a scan. Damage should cost as little of it as possible: a code that is in no table is
/// skipped, as in libjpeg, and after missing data decoding continues at the next restart marker.
pub(super) fn decode(
    order: &Order,
    bits: &mut Bits<'_>,
    deadline: Option<Instant>,
    blocks: &mut impl Blocks,
) -> Result<Done, JpegError> {
    let (across, down) = order.units;
    let total = across * down;
    let interval = order.restart_interval;
    let mut done = Done::default();
    // The next unit, the end of the interval, and the number of its marker.
    let (mut unit, mut end, mut number) = (0, if interval > 0 { interval } else { total }, 0);
    while unit < total {
        if unit == end {
            match bits.restart(number) {
                Restart::Found => number = (number + 1) % 8,
                Restart::Missing(count) => {
                    done.damage.get_or_insert(JpegError::Gap);
                    number = (number + count + 1) % 8;
                    unit += count * interval;
                }
                Restart::End => {
                    done.damage.get_or_insert(JpegError::CutShort);
                    break;
                }
            }
            end = unit + interval;
            blocks.restart();
            continue;
        }
        let (row, first) = (unit / across, unit % across);
        if deadline.is_some_and(|deadline| Instant::now() > deadline) {
            return Err(JpegError::TooSlow);
        }
        // To the end of the row, or of the interval.
        let last = across.min(first + (end - unit));
        for column in first..last {
            for (part, &(wide, high)) in order.parts.iter().enumerate() {
                for y in 0..high {
                    for x in 0..wide {
                        let place = (column * wide + x, row * high + y);
                        if let Err(error) = blocks.block(bits, part, place) {
                            done.damage.get_or_insert(error);
                        }
                    }
                }
            }
            if bits.ran_out() {
                break;
            }
            unit += 1;
            done.units += 1;
        }
        if bits.ran_out() {
            done.damage.get_or_insert(JpegError::CutShort);
            if interval == 0 {
                break;
            }
            unit = end;
        }
    }
    Ok(done)
}
