//! Shrinks a picture by an integer factor while its rows are decoded, so that a large picture is
//! never completely in memory.

use crate::picture::{Picture, Pixel};

/// Replaces each square of `factor` x `factor` pixels by its mean. With alpha, a pixel's weight is
/// its opacity: an invisible pixel does not affect the colour.
pub(crate) struct Shrink {
    size: (u32, u32),
    pixel: Pixel,
    factor: u32,
    /// The sums of the rows since the last finished one.
    sums: Vec<u32>,
    rows: u32,
    data: Vec<u8>,
}

impl Shrink {
    /// The largest factor with which `size` stays at least `least`.
    pub(crate) fn factor(size: (u32, u32), least: (u32, u32)) -> u32 {
        // 255 rows of 255 values up to 255, times an alpha of 255: such a sum just fits in 32 bits.
        let factor = (size.0 / least.0.max(1)).min(size.1 / least.1.max(1));
        factor.clamp(1, 255)
    }

    /// The memory that it allocates, in bytes.
    pub(crate) fn bytes(size: (u32, u32), pixel: Pixel, factor: u32) -> u64 {
        let width = u64::from(size.0.div_ceil(factor));
        let sums = if factor > 1 { 4 * width } else { 0 };
        (width * u64::from(size.1.div_ceil(factor)) + sums) * pixel.bytes() as u64
    }

    pub(crate) fn new(size: (u32, u32), pixel: Pixel, factor: u32) -> Shrink {
        let (width, height) = (size.0.div_ceil(factor), size.1.div_ceil(factor));
        let row = width as usize * pixel.bytes();
        Shrink {
            size,
            pixel,
            factor,
            sums: if factor > 1 { vec![0; row] } else { Vec::new() },
            rows: 0,
            data: Vec::with_capacity(row * height as usize),
        }
    }

    pub(crate) fn row(&mut self, row: &[u8]) {
        if self.factor == 1 {
            self.data.extend_from_slice(row);
            return;
        }
        let bytes = self.pixel.bytes();
        let across = row.chunks(self.factor as usize * bytes);
        for (square, sums) in across.zip(self.sums.chunks_exact_mut(bytes)) {
            for pixel in square.chunks_exact(bytes) {
                if let (Pixel::Rgba, &[red, green, blue, alpha]) = (self.pixel, pixel) {
                    let alpha = u32::from(alpha);
                    sums[0] += u32::from(red) * alpha;
                    sums[1] += u32::from(green) * alpha;
                    sums[2] += u32::from(blue) * alpha;
                    sums[3] += alpha;
                    continue;
                }
                for (sum, &value) in sums.iter_mut().zip(pixel) {
                    *sum += u32::from(value);
                }
            }
        }
        self.rows += 1;
        if self.rows == self.factor {
            self.finish_row();
        }
    }

    fn finish_row(&mut self) {
        let bytes = self.pixel.bytes();
        let squares = self.sums.len() / bytes;
        // The last square of a row may be narrower, and the last row of squares lower.
        let narrow = self.size.0 - (squares as u32 - 1) * self.factor;
        for (number, sums) in self.sums.chunks_exact_mut(bytes).enumerate() {
            let across = if number + 1 == squares {
                narrow
            } else {
                self.factor
            };
            let count = across * self.rows;
            let mean = |sum: u32, count: u32| {
                let (sum, count) = (u64::from(sum), u64::from(count.max(1)));
                ((sum + count / 2) / count) as u8
            };
            let opaque = if self.pixel == Pixel::Rgba {
                sums[3]
            } else {
                count
            };
            let colours = if self.pixel == Pixel::Rgba { 3 } else { bytes };
            self.data
                .extend(sums[..colours].iter().map(|&sum| mean(sum, opaque)));
            if self.pixel == Pixel::Rgba {
                self.data.push(mean(opaque, count));
            }
            sums.fill(0);
        }
        self.rows = 0;
    }

    /// Missing rows are black, or transparent.
    pub(crate) fn finish(mut self) -> Picture {
        if self.rows > 0 {
            self.finish_row();
        }
        let (width, height) = (
            self.size.0.div_ceil(self.factor),
            self.size.1.div_ceil(self.factor),
        );
        let whole = width as usize * height as usize * self.pixel.bytes();
        self.data.resize(whole, 0);
        Picture {
            width,
            height,
            pixel: self.pixel,
            data: self.data,
        }
    }
}
