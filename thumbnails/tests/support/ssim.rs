//! Structural similarity (SSIM): how similar two pictures look; 1 means equal.
//!
//! Z. Wang, A. Bovik, H. Sheikh and E. Simoncelli, "Image quality assessment: from error visibility
//! to structural similarity", IEEE Transactions on Image Processing 13(4), 2004. It is computed
//! from luma, in windows of 11x11 weighted by a Gaussian of 1.5 pixels.

use image::{DynamicImage, GrayImage};

/// The mean over all windows within the pictures, which must have the same size and be at least as
/// large as a window.
pub fn ssim(a: &DynamicImage, b: &DynamicImage) -> f64 {
    let (a, b) = (a.to_luma8(), b.to_luma8());
    assert_eq!(a.dimensions(), b.dimensions());
    let product = |a: &GrayImage, b: &GrayImage| {
        let pairs = a.as_raw().iter().zip(b.as_raw());
        pairs.map(|(&a, &b)| f64::from(a) * f64::from(b)).collect()
    };
    let plain = |a: &GrayImage| a.as_raw().iter().map(|&it| f64::from(it)).collect();
    let width = a.width() as usize;
    let [aa, bb, ab, a, b] = [
        product(&a, &a),
        product(&b, &b),
        product(&a, &b),
        plain(&a),
        plain(&b),
    ]
    .map(|values: Vec<f64>| blurred(&values, width));
    let (c1, c2) = ((0.01 * 255.0_f64).powi(2), (0.03 * 255.0_f64).powi(2));
    let windows = a.len() as f64;
    let sum: f64 = (0..a.len())
        .map(|at| {
            let (mean_a, mean_b) = (a[at], b[at]);
            let (variance_a, variance_b) = (aa[at] - mean_a * mean_a, bb[at] - mean_b * mean_b);
            let covariance = ab[at] - mean_a * mean_b;
            (2.0 * mean_a * mean_b + c1) * (2.0 * covariance + c2)
                / ((mean_a * mean_a + mean_b * mean_b + c1) * (variance_a + variance_b + c2))
        })
        .sum();
    sum / windows
}

/// The weighted mean of each complete window.
fn blurred(values: &[f64], width: usize) -> Vec<f64> {
    let weight = |at: usize| (-(at as f64 - 5.0).powi(2) / (2.0 * 1.5 * 1.5)).exp();
    let sum: f64 = (0..11).map(weight).sum();
    let weights: Vec<f64> = (0..11).map(|at| weight(at) / sum).collect();
    let mean = |window: &mut dyn Iterator<Item = f64>| -> f64 {
        { window.zip(&weights) }
            .map(|(value, weight)| value * weight)
            .sum()
    };
    let rows = values.chunks_exact(width);
    let across: Vec<f64> = rows
        .flat_map(|row| row.windows(11).map(|it| mean(&mut it.iter().copied())))
        .collect();
    let width = width - 10;
    let height = across.len() / width;
    (0..(height - 10) * width)
        .map(|at| mean(&mut (0..11).map(|down| across[at + down * width])))
        .collect()
}
