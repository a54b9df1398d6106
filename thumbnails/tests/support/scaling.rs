//! Scaling in the frequency domain, by its definition and in floating point.

/// A component's values at N/8, by the definition of scaling in the frequency domain: the lowest
/// NxN of each block's 64 frequencies are kept, and give a block of NxN pixels. Only for complete
/// blocks. The input is libjpeg's full picture.
fn low_frequencies(full: &[f64], (width, height): (usize, usize), n: usize) -> Vec<Vec<f64>> {
    let basis = |size: usize, k: usize, x: usize| {
        let norm = if k == 0 { 1.0 } else { 2.0_f64 } / size as f64;
        let angle = (2 * x + 1) as f64 * k as f64 * std::f64::consts::PI / (2 * size) as f64;
        norm.sqrt() * angle.cos()
    };
    // From eight samples directly to N, in one direction.
    let weight = |to: usize, from: usize| {
        let both = (0..n).map(|k| basis(n, k, to) * basis(8, k, from));
        both.sum::<f64>() * (n as f64 / 8.0).sqrt()
    };
    let weights: Vec<[f64; 8]> = (0..n)
        .map(|to| std::array::from_fn(|from| weight(to, from)))
        .collect();
    let mut rows = Vec::new();
    for block in 0..height / 8 {
        let across: Vec<Vec<f64>> = (0..8)
            .map(|y| {
                let row = &full[(8 * block + y) * width..][..width];
                let blocks = row.as_chunks::<8>().0.iter();
                blocks
                    .flat_map(|eight| {
                        weights.iter().map(move |weights| {
                            let each = weights.iter().zip(eight);
                            each.map(|(weight, it)| weight * it).sum()
                        })
                    })
                    .collect()
            })
            .collect();
        for weights in &weights {
            let column = |x: usize| (0..8).map(|y| weights[y] * across[y][x]).sum();
            rows.push((0..across[0].len()).map(column).collect());
        }
    }
    rows
}

/// The mean and the largest difference between values of [`low_frequencies`] and others.
pub fn from_definition(
    made: &[f64],
    width: usize,
    full: &[f64],
    size: (usize, usize),
    n: usize,
) -> (f64, f64) {
    let (mut sum, mut count, mut most) = (0.0, 0, 0.0_f64);
    for (y, row) in low_frequencies(full, size, n).iter().enumerate() {
        for (x, value) in row.iter().enumerate() {
            let difference = (made[y * width + x] - value.clamp(0.0, 255.0)).abs();
            (sum, count, most) = (sum + difference, count + 1, most.max(difference));
        }
    }
    (sum / f64::from(count), most)
}

/// Each colour of a picture separately, followed by its luma.
pub fn planes(data: &[u8], channels: usize) -> Vec<Vec<f64>> {
    let colour = |channel| {
        let values = data.iter().skip(channel).step_by(channels);
        values.map(|&it| f64::from(it)).collect()
    };
    let mut planes: Vec<Vec<f64>> = (0..channels).map(colour).collect();
    let luma = |pixel: &[u8]| match pixel {
        &[r, g, b] => 0.299 * f64::from(r) + 0.587 * f64::from(g) + 0.114 * f64::from(b),
        pixel => f64::from(pixel[0]),
    };
    planes.push(data.chunks_exact(channels).map(luma).collect());
    planes
}
