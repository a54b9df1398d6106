//! The kernels: plain sequential code that knows no concurrency.
//!
//! Each fills the counts of a tile. A count is how many iterations z stays within 2 of the origin,
//! at most the plan's limit.

use serde::{Deserialize, Serialize};

use crate::plan::Plan;
use crate::tile::Tile;

pub mod exact;
pub mod fast;
mod lanes;
mod smooth;
mod step;
pub mod textbook;

/// What a model runs: `fill(plan, tile, out)` writes the counts of the tile's points into `out`,
/// row by row. Every function and closure of that shape is one.
pub trait Kernel: Fn(&Plan, Tile, &mut [u32]) + Send + Sync {}

impl<F: Fn(&Plan, Tile, &mut [u32]) + Send + Sync> Kernel for F {}

/// The kernels of this crate, by name: another process can be sent a name, and no function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum KernelName {
    /// [`textbook::fill`]
    Textbook,
    /// [`exact::fill`]
    Exact,
    /// [`fast::fill`]
    Fast,
}

impl KernelName {
    /// The kernel.
    pub fn fill(self) -> fn(&Plan, Tile, &mut [u32]) {
        match self {
            KernelName::Textbook => textbook::fill,
            KernelName::Exact => exact::fill,
            KernelName::Fast => fast::fill,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            KernelName::Textbook => "textbook",
            KernelName::Exact => "exact",
            KernelName::Fast => "fast",
        }
    }
}

/// What instructions the SIMD kernels use here: `AVX-512`, `AVX2 and FMA`, …
pub fn instructions() -> &'static str {
    lanes::instructions()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::{Formula, Shortcuts};
    use crate::view::View;
    use crate::{Counts, serial};
    use fearless_simd::Level;
    use num_complex::Complex;
    use proptest::prelude::*;
    use std::num::NonZeroUsize;

    /// What `tests/workshop.py` prints: CPython's counts of the workshop's picture.
    const CPYTHON: u64 = 0x2af3_5444_e370_ee3f;

    fn counts(plan: &Plan, kernel: impl Kernel) -> Counts {
        serial::run(plan, kernel, NonZeroUsize::MIN).unwrap()
    }

    fn fnv1a(counts: &Counts) -> u64 {
        let bytes = counts.values().iter().flat_map(|count| count.to_le_bytes());
        bytes.fold(0xcbf2_9ce4_8422_2325, |state, byte| {
            (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        })
    }

    fn differences(a: &Counts, b: &Counts) -> usize {
        let pairs = a.values().iter().zip(b.values());
        pairs.filter(|(a, b)| a != b).count()
    }

    /// Every set of instructions that this machine has.
    fn levels() -> Vec<Level> {
        let best = Level::new();
        let mut levels = vec![best, Level::baseline()];
        #[cfg(target_arch = "x86_64")]
        levels.extend(best.as_avx2().map(Level::Avx2));
        #[cfg(target_arch = "x86_64")]
        levels.extend(best.as_sse4_2().map(Level::Sse4_2));
        levels
    }

    #[test]
    fn the_textbook_counts_what_cpython_counts_and_fast_all_but_one_in_ten_thousand() {
        let plan = Plan::new(View::WORKSHOP, 640, 480).unwrap();
        let reference = counts(&plan, textbook::fill);
        assert_eq!(fnv1a(&reference), CPYTHON);
        assert_eq!(differences(&reference, &counts(&plan, exact::fill)), 0);
        let fast = differences(&reference, &counts(&plan, fast::fill));
        assert!(fast * 10_000 <= plan.points(), "{fast} differ");
    }

    fn formulas() -> impl Strategy<Value = Formula> {
        prop_oneof![
            Just(Formula::Mandelbrot),
            Just(Formula::BurningShip),
            (-1.4..1.4, -1.4..1.4).prop_map(|(re, im)| Formula::Julia(Complex::new(re, im))),
        ]
    }

    prop_compose! {
        fn plans()(
            re in -2.5..1.5,
            im in -1.5..1.5,
            zoom in -10.0_f64..30.0,
            width in 1..150_usize,
            height in 1..60_usize,
            limit in prop_oneof![1..50_u32, 50..2000_u32],
            formula in formulas(),
            smooth: bool,
            bulbs: bool,
            periodicity: bool,
        ) -> Plan {
            let view = View::square(Complex::new(re, im), zoom.exp2(), width, height);
            let plan = Plan::new(view, width, height).unwrap();
            let plan = plan.with_limit(limit).unwrap().with_formula(formula).unwrap();
            plan.with_smooth(smooth).with_shortcuts(Shortcuts { bulbs, periodicity })
        }
    }

    proptest! {
        #[test]
        fn exact_is_the_textbook_with_all_instructions(plan in plans()) {
            let mut reference = Counts::new(&plan);
            textbook::fill(&plan, plan.tile(), reference.values_mut());
            for level in levels() {
                let mut counts = Counts::new(&plan);
                exact::fill_at(level, &plan, plan.tile(), counts.values_mut());
                prop_assert_eq!(&counts.values(), &reference.values(), "{:?}", level);
            }
        }

        #[test]
        fn fast_counts_the_same_whatever_the_tiles(plan in plans(), columns in 1..40_usize) {
            let mut whole = Counts::new(&plan);
            fast::fill(&plan, plan.tile(), whole.values_mut());
            for x in (0..plan.width()).step_by(columns) {
                let width = columns.min(plan.width() - x);
                let tile = Tile { x, width, ..plan.tile() };
                let mut part = vec![0; tile.points()];
                fast::fill(&plan, tile, &mut part);
                for (y, row) in part.chunks_exact(width).enumerate() {
                    let there = &whole.values()[y * plan.width() + x..][..width];
                    prop_assert_eq!(row, there);
                }
            }
        }

        #[test]
        fn shortcuts_change_nothing(plan in plans()) {
            let plain = plan.clone().with_shortcuts(Shortcuts::default());
            for fill in [textbook::fill, exact::fill, fast::fill] {
                prop_assert_eq!(differences(&counts(&plan, fill), &counts(&plain, fill)), 0);
            }
        }
    }

    #[test]
    fn numbers_beyond_all_bounds_do_no_harm() {
        let view = View::square(Complex::new(1e200, -1e300), 1e-300, 100, 3);
        let plan = Plan::new(view, 100, 3).unwrap();
        let reference = counts(&plan, textbook::fill);
        assert_eq!(differences(&reference, &counts(&plan, exact::fill)), 0);
        assert_eq!(differences(&reference, &counts(&plan, fast::fill)), 0);
    }

    #[test]
    fn the_leftmost_points_of_the_circle_of_radius_2_are_exact() {
        // Around -2 a point may leave by a rounding's breadth.
        let view = View::square(Complex::new(-2.0, 0.0), 1e13, 101, 3);
        let plan = Plan::new(view, 101, 3).unwrap();
        let reference = counts(&plan, textbook::fill);
        assert_eq!(differences(&reference, &counts(&plan, exact::fill)), 0);
    }
}
