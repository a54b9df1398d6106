//! SIMD with the textbook's rounding: all its counts are equal to the reference's.

use fearless_simd::{Level, Simd};

use super::lanes::{self, Arithmetic};
use super::step::Exact;
use crate::plan::{Formula, Plan};
use crate::tile::Tile;

/// Fills `out` with the counts of a tile, dozens of points at once.
///
/// # Panics
/// If `out` is not as long as the tile has points.
pub fn fill(plan: &Plan, tile: Tile, out: &mut [u32]) {
    fill_at(Level::new(), plan, tile, out);
}

/// Fills with a given instruction set.
pub(super) fn fill_at(level: Level, plan: &Plan, tile: Tile, out: &mut [u32]) {
    match plan.formula() {
        Formula::BurningShip => lanes::fill::<Rounded<true>>(level, plan, tile, out),
        _ => lanes::fill::<Rounded<false>>(level, plan, tile, out),
    }
}

struct Rounded<const SHIP: bool>;

impl<const SHIP: bool> Arithmetic for Rounded<SHIP> {
    type Step<S: Simd> = Exact<SHIP>;
}
