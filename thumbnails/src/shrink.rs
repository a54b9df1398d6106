//! Shrinking by a whole number while rows come in, so that a large picture is never in memory.

use crate::picture::{Picture, Pixel};

/// Puts the mean of each square of `factor` x `factor` pixels where the square was.
pub(crate) struct Shrink {
    size: (u32, u32),
    pixel: Pixel,
    factor: u32,
    /// Of the rows since the last one that was finished.
    sums: Vec<u32>,
    rows: u32,
    data: Vec<u8>,
}

impl Shrink {
    /// The largest factor that leaves at least `least` of `size`.
    pub(crate) fn factor(size: (u32, u32), least: (u32, u32)) -> u32 {
        // 255 rows of 255 values of 255 each: a sum fits 32 bits with ease.
        let factor = (size.0 / least.0.max(1)).min(size.1 / least.1.max(1));
        factor.clamp(1, 255)
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
            for sum in sums {
                self.data.push(((*sum + count / 2) / count) as u8);
                *sum = 0;
            }
        }
        self.rows = 0;
    }

    pub(crate) fn finish(mut self) -> Picture {
        if self.rows > 0 {
            self.finish_row();
        }
        Picture {
            width: self.size.0.div_ceil(self.factor),
            height: self.size.1.div_ceil(self.factor),
            pixel: self.pixel,
            data: self.data,
        }
    }
}
