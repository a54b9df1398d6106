//! Points whose count the roundings of f64 would decide: the same iteration with 31 digits.
//!
//! These are a few in a thousand, at the border of the set. No iterations are skipped here, and each takes
//! ten times as long.

use num_complex::Complex;

use super::double::{Double, Point};
use super::{PER_QUESTION, Reference};
use crate::plan::Plan;
use crate::view::WIDTH_AT_ZOOM_1;

/// How many iterations the point stays within 2 of the origin, and where it is then.
pub(super) fn count(plan: &Plan, reference: &Reference, x: usize, y: usize) -> (Complex<f64>, u32) {
    let orbit = &reference.orbit;
    let last = orbit.points().len() - 1;
    let e = offset(plan, x, y);
    let mut d = Point::ZERO;
    let mut m = 0;
    for n in 0..=plan.limit() {
        let beside = orbit.precise(m);
        let z = beside + d;
        let size = z.rounded().norm_sqr();
        if size >= 4.0 || n == plan.limit() {
            return (z.rounded(), n);
        }
        if n % PER_QUESTION == PER_QUESTION - 1 && plan.is_stopped() {
            break;
        }
        let from = if size < d.rounded().norm_sqr() || m == last {
            d = z;
            m = 0;
            Point::ZERO
        } else {
            beside
        };
        d = (from + from + d) * d + e;
        m += 1;
    }
    (Complex::ZERO, 0)
}

/// How far a point is from the view's middle.
fn offset(plan: &Plan, x: usize, y: usize) -> Point {
    let whole = |number: usize| Double::from(number as f64);
    let (columns, rows) = (plan.width(), plan.height());
    let (width, height) = match plan.zoom() {
        Some(zoom) => {
            let width = Double::from(WIDTH_AT_ZOOM_1) / zoom.into();
            (width, width * whole(rows) / whole(columns))
        }
        None => (plan.view().width.into(), plan.view().height.into()),
    };
    // at / count - 1 / 2, of whole numbers.
    let part =
        |at: usize, count: usize| Double::from(2.0 * at as f64 - count as f64) / whole(2 * count);
    Point {
        re: width * part(x, columns),
        im: height * part(y, rows),
    }
}
