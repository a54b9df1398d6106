//! Counts in fractions of an iteration, so that colours change without steps.

use num_complex::Complex;

use super::textbook::step;
use crate::plan::{Plan, SMOOTH_SCALE};

/// At this distance, squared, the formula's error is a hundredth of the smallest step of a count.
const FAR: f64 = 1e8;

/// A point that leaves by a rounding error needs about thirty more iterations to get that far. A
/// point that never leaves may stay on the circle of radius 2 forever, like -2.
const MORE: u32 = 100;

/// The smooth count of a point that stays inside for `all` iterations; `z` is its position after
/// `behind`.
pub(super) fn count(plan: &Plan, z: Complex<f64>, c: Complex<f64>, behind: u32, all: u32) -> u32 {
    let formula = plan.formula();
    let z = (behind..all).fold(z, |z, _| step(formula, z, c));
    count_from(plan, z, all, |z| step(formula, z, c))
}

/// The same for the `z` that left after `all` iterations, by iterating further.
///
/// It is `n - log2(log2 |z|)` for any z after n iterations that is so large that c no longer
/// matters (Linas Vepstas, "Renormalizing the Mandelbrot escape", 1997). It is about `all`, and may
/// be several more if a point leaves slowly.
pub(super) fn count_from(
    plan: &Plan,
    mut z: Complex<f64>,
    all: u32,
    mut step: impl FnMut(Complex<f64>) -> Complex<f64>,
) -> u32 {
    let mut more = 0;
    while z.norm_sqr() < FAR && more < MORE {
        z = step(z);
        more += 1;
    }
    // log2 |z| is half of log2 |z|².
    let fraction = f64::from(more) - (z.norm_sqr().log2() / 2.0).log2();
    let parts = (f64::from(all) + fraction) * f64::from(SMOOTH_SCALE);
    // A point that left must not count as inside, so its count is at most one unit below.
    (parts.max(0.0) as u32).min(plan.inside() - 1)
}
