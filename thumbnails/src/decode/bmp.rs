//! BMP: its rows are stored uncompressed in the file, so they are read from there, the top one
//! first.

mod header;
mod run_lengths;

use std::time::Instant;

use header::{Coding, Header};

use crate::failure::Failure;
use crate::orient::Orientation;
use crate::picture::{Format, Pixel};
use crate::shrink::Shrink;

use super::{Decoded, Job, broken, factor, without_alpha};

/// The message for a truncated file.
const CUT_SHORT: &str = "cut short";

pub(super) fn decode(
    job: &mut Job<'_>,
    least: impl FnOnce((u32, u32)) -> (u32, u32),
) -> Result<Decoded, Failure> {
    let bytes = *job.reader.bytes.get_ref();
    let header = Header::read(bytes)?;
    let full_size = header.size;
    job.limits.check(full_size.0, full_size.1, 0)?;
    let factor = factor(full_size, Orientation::default(), least);
    let pixel = header.pixel();
    let (width, height) = (full_size.0 as usize, full_size.1 as usize);
    let shrunk = Shrink::bytes(full_size, pixel, factor);
    let row = width * pixel.bytes();
    let unpacked = match header.coding {
        Coding::RunLengths => width * height * header.bytes_of_runs(),
        _ => 0,
    };
    job.reserve(
        full_size,
        (unpacked + 2 * row) as u64 + shrunk,
        shrunk,
        pixel,
        0,
    )?;

    let stored = bytes.get(header.data..).unwrap_or_default();
    let unpacked = match header.coding {
        Coding::RunLengths => Some(run_lengths::unpack(stored, &header, job)?),
        _ => None,
    };
    // Rows from run lengths have no gaps between them; other rows begin at a multiple of four
    // bytes.
    let (rows, stride, mut damage) = match &unpacked {
        Some(unpacked) => {
            let stride = width * header.bytes_of_runs();
            (&unpacked.rows[..], stride, unpacked.damage)
        }
        None => (stored, header.stride(), None),
    };
    let mut shrink = Shrink::new(full_size, pixel, factor);
    let mut line = Vec::with_capacity(row);
    for number in 0..height {
        if Instant::now() > job.reader.deadline {
            return Err(job.too_slow());
        }
        let stored_at = match header.top_down {
            true => number,
            false => height - 1 - number,
        };
        let begin = (stored_at * stride).min(rows.len());
        let part = &rows[begin..rows.len().min(begin + stride)];
        // The padding after the last row may be missing.
        if part.len() < header.least_row() {
            damage.get_or_insert(CUT_SHORT);
        }
        line.clear();
        header.pixels(part, unpacked.is_some(), &mut line);
        // Missing pixels are black.
        line.resize(row, 0);
        shrink.row(&line);
    }
    if damage.is_some() && rows.is_empty() {
        return Err(broken(Format::Bmp, CUT_SHORT));
    }
    Ok(Decoded {
        picture: without_alpha(shrink.finish()),
        full_size,
        scale: 1.0 / f64::from(factor),
        orientation: Orientation::default(),
        profile: header.profile(bytes),
        format: Format::Bmp,
        damage: damage.map(str::to_owned),
    })
}

impl Header {
    /// The pixel type of the result.
    fn pixel(&self) -> Pixel {
        match self.fields[3].is_some() {
            true => Pixel::Rgba,
            false => Pixel::Rgb,
        }
    }

    /// The pixels of a row, or as many as exist.
    fn pixels(&self, row: &[u8], unpacked: bool, line: &mut Vec<u8>) {
        let width = self.size.0 as usize;
        let colour = |index: u8| {
            // As in Pillow and libvips: an index outside the palette is black.
            self.palette
                .get(usize::from(index))
                .copied()
                .unwrap_or([0; 3])
        };
        match self.depth {
            8 => line.extend(row.iter().take(width).flat_map(|&it| colour(it))),
            1 | 2 | 4 if unpacked => line.extend(row.iter().flat_map(|&it| colour(it))),
            1 | 2 | 4 => {
                let each = usize::from(self.depth);
                let most = (1_u8 << each) - 1;
                let indices = row.iter().flat_map(|&byte| {
                    (0..8 / each).map(move |number| byte >> (8 - each * (number + 1)) & most)
                });
                line.extend(indices.take(width).flat_map(colour));
            }
            24 => {
                let pixels = row.as_chunks::<3>().0.iter().take(width);
                line.extend(pixels.flat_map(|&[blue, green, red]| [red, green, blue]));
            }
            16 => {
                let pixels = row.as_chunks::<2>().0.iter().take(width);
                pixels.for_each(|&it| self.colours(u16::from_le_bytes(it).into(), line));
            }
            _ => {
                let pixels = row.as_chunks::<4>().0.iter().take(width);
                pixels.for_each(|&it| self.colours(u32::from_le_bytes(it), line));
            }
        }
    }

    /// The colours of a pixel with a field for each.
    fn colours(&self, value: u32, line: &mut Vec<u8>) {
        let [colours @ .., alpha] = &self.fields;
        line.extend(colours.iter().map(|it| it.map_or(0, |it| it.of(value))));
        line.extend(alpha.map(|it| it.of(value)));
    }
}
