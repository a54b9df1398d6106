//! Deep zooms: one orbit with all digits, and every other point as a difference from it.
//!
//! In a view deeper than about 1e9, points differ by less than the rounding errors of `f64` after a
//! few iterations. So the point in the middle is iterated with as many digits as needed, and its
//! orbit Z is stored in `f64`. Every other point is iterated as a difference d: from z = Z + d and
//! c = C + e follows d' = 2 Z d + d² + e. All numbers in it have about the same size, however
//! small. (K. I. Martin, "SuperFractalThing: arbitrary precision Mandelbrot set rendering in Java",
//! 2013.)
//!
//! If z is nearer to 0 than d is large, Z and d nearly cancel each other, and digits are lost. The
//! point then restarts at the beginning of the orbit, where Z is 0: d = z. (Zhuoran, "Another
//! solution to perturbation glitches", fractalforums.org, 2021.) The same is done at the end of the
//! orbit.
//!
//! Roundings grow as d grows, and near the border of the set they may grow so far that they decide the
//! count. So an estimate of them is kept; where it becomes too large, the point is iterated once more with
//! twice the digits: `precise.rs`.
//!
//! While d is small, d² is negligible beside 2 Z d, and many iterations together are d' = A d + B
//! e. `bilinear.rs` has these factors for runs of 4, 8, 16… iterations.

use num_complex::Complex;

use super::smooth;
use crate::plan::Plan;
use crate::tile::Tile;

mod bilinear;
mod double;
mod orbit;
mod precise;

use bilinear::Table;
pub(crate) use orbit::Orbit;

/// The steps between two checks whether to stop: less than a millisecond.
const PER_QUESTION: u32 = 1 << 14;

/// The memory for the orbit with its factors, per iteration of the limit: 32 bytes for the orbit,
/// 40 for each fourth run, and as many again for the longer runs.
pub const BYTES_PER_ITERATION: u64 = 32 + 2 * 40 / 4;

/// The square of the rounding error of one iteration, relative to the difference.
const ROUNDING: f64 = f64::EPSILON * f64::EPSILON;

/// The square of the largest accepted error of z. With a larger error the count may be wrong. About one point
/// in a few hundred has that. With a smaller one the count is wrong only if z comes this near to the circle of
/// radius 2.
const DOUBTFUL: f64 = 1e-7;

/// The data that all points of a plan share.
#[derive(Debug)]
pub(crate) struct Reference {
    orbit: Orbit,
    table: Table,
}

impl Reference {
    /// Computes the orbit of the middle with all its digits. For 100,000 iterations of 100 digits
    /// this takes about a tenth of a second.
    pub(crate) fn new(plan: &Plan) -> Reference {
        let orbit = Orbit::new(plan);
        let (first, last) = (
            plan.offset(0, 0),
            plan.offset(plan.width() - 1, plan.height() - 1),
        );
        let farthest = first.norm().max(last.norm());
        Reference {
            table: Table::new(orbit.points(), farthest),
            orbit,
        }
    }
}

/// Fills `out` with the counts of a tile, point after point.
///
/// # Panics
/// If `out` is not as long as the tile has points, or the formula is not the Mandelbrot set's.
pub fn fill(plan: &Plan, tile: Tile, out: &mut [u32]) {
    assert_eq!(out.len(), tile.points(), "a count for each point");
    let reference = plan.reference();
    let rows = out.chunks_exact_mut(tile.width.max(1));
    for (y, row) in (tile.y..).zip(rows) {
        for (x, out) in (tile.x..).zip(row) {
            if plan.is_stopped() {
                return;
            }
            let (z, count) = count(plan, reference, plan.offset(x, y))
                .unwrap_or_else(|_| precise::count(plan, reference, x, y));
            *out = if count == plan.limit() {
                plan.inside()
            } else if plan.is_smooth() {
                // Outside the circle z doubles its digits with every step, so the digits of c
                // beyond those of `f64` no longer matter.
                let c = plan.point(x, y);
                smooth::count_from(plan, z, count, |z| z * z + c)
            } else {
                count
            };
        }
    }
}

/// The roundings of f64 would decide a count.
struct Doubtful;

/// The number of iterations for which the point stays within 2 of the origin, and its position
/// then.
fn count(
    plan: &Plan,
    reference: &Reference,
    e: Complex<f64>,
) -> Result<(Complex<f64>, u32), Doubtful> {
    let points = reference.orbit.points();
    let (limit, last) = (plan.limit(), points.len() - 1);
    let mut d = Complex::ZERO;
    // `m` is the current point of the orbit, and `n` the number of iterations so far.
    let (mut m, mut n) = (0, 0);
    // An estimate of the squared error of z.
    let mut moved = 0.0;
    let mut steps = 0_u32;
    loop {
        let z = points[m] + d;
        let size = z.norm_sqr();
        if moved > DOUBTFUL {
            return Err(Doubtful);
        }
        if size >= 4.0 || n == limit {
            return Ok((z, n));
        }
        if size < d.norm_sqr() || m == last {
            d = z;
            m = 0;
        }
        steps = steps.wrapping_add(1);
        if steps % PER_QUESTION == 0 && plan.is_stopped() {
            return Ok((z, 0));
        }
        // An iteration makes a distance 2 |z| times as large, a run |A| times.
        let grown = if let Some((run, length)) = reference.table.longest(m, d, limit - n) {
            d = run.a * d + run.b * e;
            m += length as usize;
            n += length;
            run.a.norm_sqr()
        } else {
            d = (points[m] + points[m] + d) * d + e;
            m += 1;
            n += 1;
            4.0 * size
        };
        // A factor may be beyond f64 where there is nothing yet to multiply.
        if moved > 0.0 {
            moved *= grown;
        }
        moved += ROUNDING * d.norm_sqr();
    }
}

#[cfg(test)]
mod tests;
