//! Converts planes to pixels: enlarges coarser planes, and converts colours.

use super::frame::{Frame, Plane, Ratio};
use super::header::Colours;

/// All pixels, with one byte per plane. `Ycck` becomes four inks as they are stored.
pub(super) fn interleave(frame: &Frame, colours: Colours) -> Vec<u8> {
    let (width, height) = frame.size;
    let mut pixels = Vec::with_capacity(width * height * frame.planes.len());
    let mut lines: Vec<Line> = frame.planes.iter().map(|_| Line::default()).collect();
    for y in 0..height {
        let planes = frame.planes.iter().zip(&mut lines);
        let rows: Vec<&[u8]> = planes
            .map(|(plane, line)| line.of(plane, y, width))
            .collect();
        match (&rows[..], colours) {
            ([y, cb, cr], Colours::Ycc) => rgb(y, cb, cr, &mut pixels),
            ([red, green, blue], _) => {
                pixels.extend((0..width).flat_map(|x| [red[x], green[x], blue[x]]));
            }
            ([y, cb, cr, black], Colours::Ycck) => {
                let mut paper = Vec::with_capacity(3 * width);
                rgb(y, cb, cr, &mut paper);
                for (&[red, green, blue], &black) in paper.as_chunks::<3>().0.iter().zip(*black) {
                    pixels.extend([255 - red, 255 - green, 255 - blue, black]);
                }
            }
            ([a, b, c, d], _) => pixels.extend((0..width).flat_map(|x| [a[x], b[x], c[x], d[x]])),
            (rows, _) => pixels.extend_from_slice(rows[0]),
        }
    }
    pixels
}

/// A row of a plane, with the width of the picture.
#[derive(Default)]
struct Line {
    pixels: Vec<u8>,
    /// The weighted sum of two rows, before the horizontal enlargement.
    sums: Vec<u16>,
}

impl Line {
    /// An enlargement by two is interpolated as in libjpeg ("fancy upsampling", jdsample.c): three
    /// parts of the nearer sample, and one of the farther. For larger factors each sample is
    /// repeated.
    fn of<'a>(&'a mut self, plane: &'a Plane, y: usize, width: usize) -> &'a [u8] {
        let (across, down) = plane.enlarge;
        if across.is(1) && down.is(1) {
            return &plane.row(y)[..width];
        }
        self.pixels.clear();
        // As in libjpeg: with one or two samples per row each is repeated, and also if either
        // direction is enlarged by more than two.
        let twice = |ratio: Ratio| ratio.is(1) || ratio.is(2);
        let wide = !across.is(2) || plane.size.0 > 2;
        let smooth = wide && twice(across) && twice(down);
        let (nearer, farther) = match down.is(2) && smooth {
            true => {
                let last = plane.size.1 - 1;
                let near = (y / 2).min(last);
                let far = if y % 2 == 0 {
                    near.saturating_sub(1)
                } else {
                    (near + 1).min(last)
                };
                (plane.row(near), plane.row(far))
            }
            false => {
                let row = plane.row(down.sample(y));
                (row, row)
            }
        };
        // The rounding alternates, so that the picture does not become lighter on average.
        match (across.is(2) && smooth, across.is(1)) {
            (true, _) if down.is(2) => {
                self.sums.clear();
                let rows = nearer.iter().zip(farther);
                self.sums
                    .extend(rows.map(|(&near, &far)| 3 * u16::from(near) + u16::from(far)));
                widen(&self.sums, [8, 7], 4, width, &mut self.pixels);
            }
            (true, _) => {
                self.sums.clear();
                self.sums.extend(nearer.iter().map(|&it| u16::from(it)));
                widen(&self.sums, [1, 2], 2, width, &mut self.pixels);
            }
            (_, one) => {
                let half = if y % 2 == 0 { 1 } else { 2 };
                let value = |x: usize| {
                    let near = u16::from(nearer[x]);
                    ((3 * near + u16::from(farther[x]) + half) >> 2) as u8
                };
                let plain = std::ptr::eq(nearer, farther);
                self.pixels.extend((0..width).map(|x| {
                    let x = if one { x } else { across.sample(x) };
                    if plain { nearer[x] } else { value(x) }
                }));
            }
        }
        &self.pixels
    }
}

/// Makes two values of each: three parts of it and one of its neighbour, rounded and divided.
fn widen(sums: &[u16], round: [u16; 2], shift: u32, width: usize, pixels: &mut Vec<u8>) {
    for (x, &sum) in sums.iter().enumerate() {
        let left = sums[x.saturating_sub(1)];
        let right = sums[(x + 1).min(sums.len() - 1)];
        pixels.push(((3 * sum + left + round[0]) >> shift) as u8);
        pixels.push(((3 * sum + right + round[1]) >> shift) as u8);
    }
    pixels.truncate(width);
}

impl Plane {
    /// The samples of a row within the picture.
    fn row(&self, y: usize) -> &[u8] {
        &self.samples[y * self.stride..][..self.size.0]
    }
}

/// BT.601 with full range, as in JFIF, in 16.16 fixed point.
fn rgb(y: &[u8], cb: &[u8], cr: &[u8], pixels: &mut Vec<u8>) {
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
