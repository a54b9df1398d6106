//! The loop of every textbook: the reference.

use num_complex::Complex;

use super::smooth;
use crate::plan::{Formula, Plan};
use crate::tile::Tile;

/// The iterations between two checks whether to stop: some tens of microseconds.
const PER_QUESTION: u32 = 1 << 14;

/// Fills `out` with the counts of a tile, point after point.
///
/// # Panics
/// If `out` is not as long as the tile has points.
pub fn fill(plan: &Plan, tile: Tile, out: &mut [u32]) {
    assert_eq!(out.len(), tile.points(), "a count for each point");
    let rows = out.chunks_exact_mut(tile.width.max(1));
    for (y, row) in (tile.y..).zip(rows) {
        for (x, count) in (tile.x..).zip(row) {
            *count = self::count(plan, plan.point(x, y));
        }
    }
}

fn count(plan: &Plan, point: Complex<f64>) -> u32 {
    let shortcuts = plan.shortcuts();
    if shortcuts.bulbs && in_bulbs(point) {
        return plan.inside();
    }
    let (first, c) = start(plan.formula(), point);
    let mut z = first;
    let mut i = 0;
    let mut old = Old { z, until: 8 };
    while i < plan.limit() && z.norm_sqr() < 4.0 && !plan.is_stopped() {
        let pause = plan.limit().min(i.saturating_add(PER_QUESTION));
        while i < pause && z.norm_sqr() < 4.0 {
            z = step(plan.formula(), z, c);
            i += 1;
            if shortcuts.periodicity && old.is_back(z, i) {
                return plan.inside();
            }
        }
    }
    if plan.is_smooth() && i < plan.limit() {
        return smooth::count(plan, z, c, i, i);
    }
    i * plan.scale()
}

/// The start value of the iteration, and the constant that it adds.
pub(super) fn start(formula: Formula, point: Complex<f64>) -> (Complex<f64>, Complex<f64>) {
    match formula {
        Formula::Julia(c) => (point, c),
        Formula::Mandelbrot | Formula::BurningShip => (Complex::ZERO, point),
    }
}

pub(super) fn step(formula: Formula, z: Complex<f64>, c: Complex<f64>) -> Complex<f64> {
    match formula {
        Formula::Mandelbrot | Formula::Julia(_) => z * z + c,
        Formula::BurningShip => {
            let z = Complex::new(z.re.abs(), z.im.abs());
            z * z + c
        }
    }
}

/// Whether a point is in the main cardioid or in the disc of period 2: no point there ever leaves.
pub(super) fn in_bulbs(c: Complex<f64>) -> bool {
    let im = c.im * c.im;
    let from_cusp = c.re - 0.25;
    let q = from_cusp * from_cusp + im;
    let from_disc = c.re + 1.0;
    q * (q + from_cusp) <= 0.25 * im || from_disc * from_disc + im <= 0.0625
}

/// An earlier z, kept for longer and longer times (Brent, "An improved Monte Carlo factorization
/// algorithm", BIT 20, 1980). If z returns exactly to it, the orbit is a cycle.
struct Old {
    z: Complex<f64>,
    until: u32,
}

impl Old {
    fn is_back(&mut self, z: Complex<f64>, i: u32) -> bool {
        if z == self.z {
            return true;
        }
        if i == self.until {
            self.z = z;
            self.until = i.saturating_mul(2);
        }
        false
    }
}
