//! Compares the kernels with each other and with CPython.

use super::*;
use crate::plan::{Formula, SMOOTH_SCALE, Shortcuts};
use crate::view::{PLACES, View};
use crate::{Counts, serial};
use fearless_simd::Level;
use num_complex::Complex;
use proptest::prelude::*;
use std::num::NonZeroUsize;

/// The checksum that `tests/workshop.py` prints: CPython's counts of the workshop's picture.
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

/// Every instruction set of this machine.
fn levels() -> Vec<Level> {
    let best = Level::new();
    let levels = [best, Level::baseline()].into_iter();
    #[cfg(target_arch = "x86_64")]
    let levels = levels
        .chain(best.as_avx2().map(Level::Avx2))
        .chain(best.as_sse4_2().map(Level::Sse4_2));
    levels.collect()
}

#[test]
fn the_textbook_and_exact_count_what_cpython_counts() {
    let plan = Plan::new(View::WORKSHOP, 640, 480).unwrap();
    let reference = counts(&plan, textbook::fill);
    assert_eq!(fnv1a(&reference), CPYTHON);
    assert_eq!(differences(&reference, &counts(&plan, exact::fill)), 0);
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
    // Around -2, a rounding error may decide whether a point leaves.
    let view = View::square(Complex::new(-2.0, 0.0), 1e13, 101, 3);
    let plan = Plan::new(view, 101, 3).unwrap();
    let reference = counts(&plan, textbook::fill);
    assert_eq!(differences(&reference, &counts(&plan, exact::fill)), 0);
}

/// How many of 640x480 points of `fast` differ from the textbook's, as in TOOL.md. These values
/// come from our own arithmetic with fused multiplication and addition; without it, no point
/// differs.
const FAST_DIFFERS: [(&str, usize); 8] = [
    ("whole", 21),
    ("seahorse", 792),
    ("elephant", 341),
    ("spiral", 1627),
    ("minibrot", 59),
    ("triple", 777),
    ("needle", 53),
    ("feather", 7),
];

#[test]
fn perturbation_counts_what_the_textbook_counts_where_f64_does() {
    for place in PLACES.iter().filter(|place| place.zoom < 1e6) {
        let plan = Plan::at(place.middle(), place.zoom, 160, 120).unwrap();
        let plan = plan.with_limit(place.limit).unwrap();
        let differ = differences(
            &counts(&plan, exact::fill),
            &counts(&plan, perturbation::fill),
        );
        // The textbook's roundings are different, so `fast` differs from it by as many.
        assert!(differ * 100 <= plan.points(), "{}: {differ}", place.name);
        println!("{}: {differ} of {}", place.name, plan.points());
    }
}

#[test]
fn fast_differs_from_the_textbook_in_no_more_points_than_is_said() {
    let mut told = String::new();
    for place in PLACES {
        let Some((_, most)) = FAST_DIFFERS.iter().find(|(name, _)| *name == place.name) else {
            continue;
        };
        let view = View::square(place.middle().rounded(), place.zoom, 640, 480);
        let plan = Plan::new(view, 640, 480)
            .unwrap()
            .with_limit(place.limit)
            .unwrap();
        let differ = differences(&counts(&plan, exact::fill), &counts(&plan, fast::fill));
        told += &format!("{}: {differ} of {}\n", place.name, plan.points());
        // A processor that does not fuse each of these operations rounds other points differently.
        let others = if cfg!(target_arch = "x86_64") {
            0
        } else {
            most / 10 + 5
        };
        assert!(differ <= most + others, "{told}");
    }
    println!("{told}");
}

#[test]
fn the_table_of_differences_in_tool_md_is_the_tests() {
    let tool = include_str!("../../TOOL.md");
    for (name, differ) in FAST_DIFFERS {
        let thousands = |n: usize| match (n / 1000, n % 1000) {
            (0, rest) => rest.to_string(),
            (thousands, rest) => format!("{thousands},{rest:03}"),
        };
        let one_of = (640 * 480 + differ / 2) / differ;
        let row = format!(
            "| `{name}` | {} | {} |",
            thousands(differ),
            thousands(one_of)
        );
        assert!(tool.contains(&row), "{row}");
    }
}

/// Along lines across many boundaries of counts: from point to point a count changes by no more
/// than the slope of the potential, plus a rounding of the count itself.
#[test]
fn smooth_counts_have_no_steps() {
    for (formula, from, to) in [
        (Formula::Mandelbrot, (-2.5, 0.3), (-0.9, 0.3)),
        (Formula::Mandelbrot, (-2.3, 0.0), (-2.0001, 0.0)),
        (Formula::Mandelbrot, (0.5, 1.9), (0.3, 0.7)),
        (
            Formula::Julia(Complex::new(-0.8, 0.156)),
            (0.0, 1.8),
            (0.0, 0.7),
        ),
        (Formula::BurningShip, (0.9, -1.9), (0.9, -1.72)),
    ] {
        const POINTS: usize = 20_000;
        let at = |n: usize| {
            let way = n as f64 / POINTS as f64;
            Complex::new(
                from.0 + (to.0 - from.0) * way,
                from.1 + (to.1 - from.1) * way,
            )
        };
        for fill in [textbook::fill, exact::fill, fast::fill] {
            let decoded: Vec<f64> = (0..POINTS)
                .map(|n| {
                    // A view with one point, at its upper left corner.
                    let half = Complex::new(1e-6, 1e-6);
                    let view = View {
                        center: at(n) + half,
                        width: 2e-6,
                        height: 2e-6,
                    };
                    let plan = Plan::new(view, 1, 1)
                        .unwrap()
                        .with_formula(formula)
                        .unwrap();
                    let counts = counts(&plan.with_smooth(true), fill);
                    f64::from(counts.values()[0]) / f64::from(SMOOTH_SCALE)
                })
                .collect();
            let rounding = 1.0 / f64::from(SMOOTH_SCALE);
            for n in 2..POINTS {
                let [a, b, c] = [decoded[n - 2], decoded[n - 1], decoded[n]];
                // Close to the set the slope is unbounded. Elsewhere it changes slowly, and the
                // next step is about as large as the last.
                if c > 12.0 {
                    continue;
                }
                let (last, next) = ((b - a).abs(), (c - b).abs());
                assert!(
                    next <= 2.0 * last + 4.5 * rounding,
                    "{formula:?} at {}: {a}, {b}, {c}",
                    at(n)
                );
            }
            let span = decoded
                .iter()
                .fold((f64::MAX, 0.0_f64), |(low, high), &count| {
                    (low.min(count), high.max(count))
                });
            assert!(
                span.1 - span.0 > 2.0,
                "{formula:?} crosses no boundary: {span:?}"
            );
        }
    }
}
