//! SIMD with fused multiplication and addition where the machine has it: the default kernel.

use fearless_simd::{Level, Simd};

use super::lanes::{self, Arithmetic};
use super::step::Fast;
use crate::plan::{Formula, Plan};
use crate::tile::Tile;

/// Fills `out` with the counts of a tile, dozens of points at once. Near the border of the set,
/// about one count in ten thousand differs from the textbook's by rounding.
///
/// # Panics
/// If `out` is not as long as the tile has points.
pub fn fill(plan: &Plan, tile: Tile, out: &mut [u32]) {
    fill_at(Level::new(), plan, tile, out);
}

/// Fills with a given instruction set.
pub(super) fn fill_at(level: Level, plan: &Plan, tile: Tile, out: &mut [u32]) {
    match plan.formula() {
        Formula::BurningShip => lanes::fill::<Fused<true>>(level, plan, tile, out),
        _ => lanes::fill::<Fused<false>>(level, plan, tile, out),
    }
}

struct Fused<const SHIP: bool>;

impl<const SHIP: bool> Arithmetic for Fused<SHIP> {
    type Step<S: Simd> = Fast<SHIP>;
}
