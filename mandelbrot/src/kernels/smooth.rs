//! Counts in parts of an iteration, so that colours change without steps.

use num_complex::Complex;

use super::textbook::step;
use crate::plan::{Plan, SMOOTH_SCALE};

/// So far out, squared, the formula's error is a hundredth of what a count can tell.
const FAR: f64 = 1e8;

/// A point that leaves by a rounding's breadth needs some thirty more iterations to get that far.
/// One that never does sits on the circle of radius 2 for ever, as -2 does.
const MORE: u32 = 100;

/// The smooth count of a point that stays inside for `all` iterations, of which `behind` led to `z`.
pub(super) fn count(plan: &Plan, z: Complex<f64>, c: Complex<f64>, behind: u32, all: u32) -> u32 {
    let formula = plan.formula();
    let z = (behind..all).fold(z, |z, _| step(formula, z, c));
    count_from(plan, z, all, |z| step(formula, z, c))
}

/// The same from the `z` that left after `all` iterations, by the steps that are to follow.
///
/// It is `n - log2(log2 |z|)` for any z, after n iterations, that is so large that c no longer
/// matters (Linas Vepstas, "Renormalizing the Mandelbrot escape", 1997). It is about `all`, and may
/// be several more where a point leaves slowly.
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
    // What left is not inside, however late: the last part of the last iteration is its due.
    (parts.max(0.0) as u32).min(plan.inside() - 1)
}
