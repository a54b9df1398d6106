//! Counts in parts of an iteration, so that colours change without steps.

use num_complex::Complex;

use super::textbook::step;
use crate::plan::{Formula, SMOOTH_SCALE};

/// How many more iterations make |z| so large that c no longer matters.
const MORE: u32 = 4;

/// The smooth count of a point that stays inside for `all` iterations, of which `behind` led to `z`.
///
/// It is `all - log2(log2 |z|)`, taken at a later z since the formula holds for large |z|
/// (Linas Vepstas, "Renormalizing the Mandelbrot escape", 1997).
pub(super) fn count(
    formula: Formula,
    z: Complex<f64>,
    c: Complex<f64>,
    behind: u32,
    all: u32,
) -> u32 {
    let far = (behind..all + MORE).fold(z, |z, _| step(formula, z, c));
    // log2 |z| is half of log2 |z|².
    let fraction = (far.norm_sqr().log2() / 2.0).log2() - f64::from(MORE);
    let parts = (fraction.clamp(0.0, 1.0) * f64::from(SMOOTH_SCALE)) as u32;
    (all * SMOOTH_SCALE).saturating_sub(parts)
}
