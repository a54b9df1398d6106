//! From frequencies to samples: the inverse cosine transform of a block's lowest frequencies.

use super::header::ZIGZAG;

/// The transform of one component: 8x8 frequencies to `width` x `height` samples.
pub(super) struct Idct {
    width: usize,
    height: usize,
    last_wanted: usize,
    /// In natural order.
    quant: [f32; 64],
    write: fn(&Idct, &[i16; 64], &mut [u8], usize),
}

impl Idct {
    /// `quant` is in zigzag order; sizes are 1, 2, 4 or 8.
    pub(super) fn new(quant: &[u16; 64], width: usize, height: usize) -> Idct {
        let (width, height) = (width.min(8), height.min(8));
        let inside = |k: usize| {
            let place = usize::from(ZIGZAG[k]);
            place % 8 < width && place / 8 < height
        };
        let mut natural = [0.0; 64];
        for (k, &step) in quant.iter().enumerate() {
            natural[usize::from(ZIGZAG[k])] = f32::from(step);
        }
        Idct {
            width,
            height,
            last_wanted: (0..64).rfind(|&k| inside(k)).unwrap_or(0),
            quant: natural,
            write: match (width, height) {
                (1, 1) => Idct::transform::<1, 1>,
                (1, 2) => Idct::transform::<1, 2>,
                (2, 1) => Idct::transform::<2, 1>,
                (2, 2) => Idct::transform::<2, 2>,
                (2, 4) => Idct::transform::<2, 4>,
                (4, 2) => Idct::transform::<4, 2>,
                (4, 4) => Idct::transform::<4, 4>,
                (4, 8) => Idct::transform::<4, 8>,
                (8, 4) => Idct::transform::<8, 4>,
                _ => Idct::transform::<8, 8>,
            },
        }
    }

    /// Samples across and down.
    pub(super) fn size(&self) -> (usize, usize) {
        (self.width, self.height)
    }

    /// The last zigzag index that the transform looks at.
    pub(super) fn last_wanted(&self) -> usize {
        self.last_wanted
    }

    /// Writes the samples of a block whose last frequency is at the zigzag index `last`.
    #[inline(always)]
    pub(super) fn write(&self, block: &[i16; 64], last: usize, samples: &mut [u8], stride: usize) {
        if last == 0 {
            let mean = sample(f32::from(block[0]) * self.quant[0] / 8.0);
            for row in samples.chunks_mut(stride).take(self.height) {
                row[..self.width].fill(mean);
            }
            return;
        }
        (self.write)(self, block, samples, stride);
    }

    fn transform<const WIDTH: usize, const HEIGHT: usize>(
        &self,
        block: &[i16; 64],
        samples: &mut [u8],
        stride: usize,
    ) {
        let (across, down) = (const { basis::<WIDTH>() }, const { basis::<HEIGHT>() });
        let mut half = [[0.0; WIDTH]; HEIGHT];
        for (v, line) in half.iter_mut().enumerate() {
            for u in 0..WIDTH {
                let frequency = f32::from(block[8 * v + u]) * self.quant[8 * v + u];
                for (x, sum) in line.iter_mut().enumerate() {
                    *sum += frequency * across[u][x];
                }
            }
        }
        for (y, row) in samples.chunks_mut(stride).take(HEIGHT).enumerate() {
            let mut sums = [0.0; WIDTH];
            for (v, line) in half.iter().enumerate() {
                for (sum, &value) in sums.iter_mut().zip(line) {
                    *sum += value * down[v][y];
                }
            }
            for (place, &sum) in row.iter_mut().zip(&sums) {
                *place = sample(sum);
            }
        }
    }
}

fn sample(value: f32) -> u8 {
    // `as` saturates.
    (value + 128.5) as u8
}

/// The cosines of an N-point transform, by frequency and then place, scaled so that the mean of a
/// block stays what it is: `(u == 0 ? sqrt(1/8) : 1/2) cos((2x+1) u pi / 2N)`.
const fn basis<const N: usize>() -> [[f32; N]; N] {
    // cos(i pi / 16) for i from 0 to 8; `cos` itself is no const function.
    const COSINES: [f32; 9] = [
        1.0,
        0.980_785_3,
        0.923_879_5,
        0.831_469_6,
        0.707_106_77,
        0.555_570_24,
        0.382_683_43,
        0.195_090_32,
        0.0,
    ];
    let mut basis = [[0.0; N]; N];
    let mut u = 0;
    while u < N {
        let mut x = 0;
        while x < N {
            // In sixteenths of pi, of which 32 are a turn.
            let angle = (2 * x + 1) * u * (8 / N) % 32;
            let angle = if angle > 16 { 32 - angle } else { angle };
            let cosine = if angle > 8 {
                -COSINES[16 - angle]
            } else {
                COSINES[angle]
            };
            basis[u][x] = if u == 0 { 0.353_553_39 } else { 0.5 * cosine };
            x += 1;
        }
        u += 1;
    }
    basis
}
