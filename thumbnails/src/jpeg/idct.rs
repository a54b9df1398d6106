//! The inverse cosine transform of a block's lowest frequencies to samples.

/// The order in which a block's frequencies are stored.
pub(super) const ZIGZAG: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// For the zigzag index of a block's last frequency: the maximum number of rows and columns with
/// frequencies.
const EXTENT: [(u8, u8); 64] = {
    let mut extent = [(1, 1); 64];
    let (mut rows, mut columns, mut k) = (1, 1, 0);
    while k < 64 {
        let (row, column) = (ZIGZAG[k] / 8 + 1, ZIGZAG[k] % 8 + 1);
        rows = if row > rows { row } else { rows };
        columns = if column > columns { column } else { columns };
        extent[k] = (rows, columns);
        k += 1;
    }
    extent
};

/// The transform of one component: 8x8 frequencies to `width` x `height` samples.
pub(super) struct Idct {
    width: usize,
    height: usize,
    last_wanted: usize,
    /// The quantization table, in natural order.
    quant: [f32; 64],
    transform: Transform,
    /// The matrices for blocks that cross the picture's right and lower edge.
    edges: (Matrix, Matrix),
}

/// A transform from frequencies to samples. Each frequency is multiplied by its value in the first
/// table.
type Transform = fn(&[f32; 64], &[i16; 64], usize, &mut [u8], usize);

/// The transform of eight frequencies.
type Matrix = [[f32; 8]; 8];

impl Idct {
    /// `quant` is in zigzag order; sizes are 1, 2, 4 or 8. `inside` is the number of columns and
    /// rows of an edge block that are within the picture.
    pub(super) fn new(
        quant: &[u16; 64],
        (width, height): (usize, usize),
        inside: (usize, usize),
    ) -> Idct {
        let edges = (repeating(inside.0), repeating(inside.1));
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
            transform: match width {
                1 => of_width::<1>(height),
                2 => of_width::<2>(height),
                4 => of_width::<4>(height),
                _ => of_width::<8>(height),
            },
            edges,
        }
    }

    /// The last zigzag index that the transform uses.
    pub(super) fn last_wanted(&self) -> usize {
        self.last_wanted
    }

    /// Writes the samples of a block whose last frequency has the zigzag index `last`.
    #[inline(always)]
    pub(super) fn write(&self, block: &[i16; 64], last: usize, samples: &mut [u8], stride: usize) {
        if last == 0 {
            let mean = sample(f32::from(block[0]) * self.quant[0] / 8.0);
            for row in samples.chunks_mut(stride).take(self.height) {
                row[..self.width].fill(mean);
            }
            return;
        }
        (self.transform)(&self.quant, block, last, samples, stride);
    }

    /// Like [`write`](Self::write), for a block that crosses the picture's right or lower edge, or
    /// both. The last column and row within the picture are repeated in all columns and rows after
    /// them. An encoder may have left any values there, which would affect the samples at the edge.
    pub(super) fn write_edge(
        &self,
        block: &[i16; 64],
        (right, lower): (bool, bool),
        samples: &mut [u8],
        stride: usize,
    ) {
        let mut values: [f32; 64] = std::array::from_fn(|at| f32::from(block[at]) * self.quant[at]);
        if right {
            for row in values.as_chunks_mut::<8>().0 {
                *row = product(&self.edges.0, row);
            }
        }
        if lower {
            for column in 0..8 {
                let of = std::array::from_fn(|row| values[8 * row + column]);
                for (row, value) in product(&self.edges.1, &of).into_iter().enumerate() {
                    values[8 * row + column] = value;
                }
            }
        }
        // The range is that of the samples, times eight.
        let eighths = values.map(|value| (8.0 * value) as i16);
        (self.transform)(&[0.125; 64], &eighths, 63, samples, stride);
    }
}

fn product(matrix: &Matrix, values: &[f32; 8]) -> [f32; 8] {
    matrix.map(|line| line.iter().zip(values).map(|(a, b)| a * b).sum())
}

/// Maps the frequencies of eight samples to those of the first `inside` samples, with the last one
/// repeated: the inverse transform, followed by the forward transform, which is its transpose.
fn repeating(inside: usize) -> Matrix {
    let basis = const { basis::<8>() };
    let each = |to: usize, from: usize| {
        let samples = (0..8).map(|x| basis[to][x] * basis[from][x.min(inside - 1)]);
        samples.sum()
    };
    std::array::from_fn(|to| std::array::from_fn(|from| each(to, from)))
}

fn of_width<const WIDTH: usize>(height: usize) -> Transform {
    match height {
        1 => transform::<WIDTH, 1>,
        2 => transform::<WIDTH, 2>,
        4 => transform::<WIDTH, 4>,
        _ => transform::<WIDTH, 8>,
    }
}

fn transform<const WIDTH: usize, const HEIGHT: usize>(
    quant: &[f32; 64],
    block: &[i16; 64],
    last: usize,
    samples: &mut [u8],
    stride: usize,
) {
    let (across, down) = (const { basis::<WIDTH>() }, const { basis::<HEIGHT>() });
    let (rows, columns) = EXTENT[last];
    let (rows, columns) = (HEIGHT.min(rows.into()), WIDTH.min(columns.into()));
    let mut half = [[0.0; WIDTH]; HEIGHT];
    for (v, line) in half.iter_mut().enumerate().take(rows) {
        for u in 0..columns {
            let frequency = f32::from(block[8 * v + u]) * quant[8 * v + u];
            for (x, sum) in line.iter_mut().enumerate() {
                *sum += frequency * across[u][x];
            }
        }
    }
    for (y, row) in samples.chunks_mut(stride).take(HEIGHT).enumerate() {
        let mut sums = [0.0; WIDTH];
        for (v, line) in half.iter().enumerate().take(rows) {
            for (sum, &value) in sums.iter_mut().zip(line) {
                *sum += value * down[v][y];
            }
        }
        for (place, &sum) in row.iter_mut().zip(&sums) {
            *place = sample(sum);
        }
    }
}

fn sample(value: f32) -> u8 {
    // `as` saturates.
    (value + 128.5) as u8
}

/// The cosines of an N-point transform, by frequency and then position, scaled so that the mean of
/// a block stays the same: `(u == 0 ? sqrt(1/8) : 1/2) cos((2x+1) u pi / 2N)`.
const fn basis<const N: usize>() -> [[f32; N]; N] {
    // cos(i pi / 16) for i from 0 to 8, because `cos` is not a const function.
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
            // The angle in units of pi/16; 32 units are a full turn.
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
