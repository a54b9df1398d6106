use std::num::NonZeroUsize;

use super::*;
use crate::center::Center;
use crate::kernels::exact;
use crate::plan::Depth;
use crate::{Counts, threads};

/// Places found by `tests/world/deep/places.py`. The expected counts come from `reference.c`, by
/// GMP.
const PLACES: &str = include_str!("../../../tests/world/deep/places.txt");

/// The counts by big integers, 16 bits each.
const COUNTS: [(&str, &[u8]); 9] = [
    (
        "spiral13",
        include_bytes!("../../../tests/world/deep/spiral13.counts"),
    ),
    (
        "minibrot13",
        include_bytes!("../../../tests/world/deep/minibrot13.counts"),
    ),
    (
        "spiral30",
        include_bytes!("../../../tests/world/deep/spiral30.counts"),
    ),
    (
        "minibrot30",
        include_bytes!("../../../tests/world/deep/minibrot30.counts"),
    ),
    (
        "spiral100",
        include_bytes!("../../../tests/world/deep/spiral100.counts"),
    ),
    (
        "minibrot100",
        include_bytes!("../../../tests/world/deep/minibrot100.counts"),
    ),
    (
        "seahorse11",
        include_bytes!("../../../tests/world/deep/seahorse11.counts"),
    ),
    (
        "seahorse13",
        include_bytes!("../../../tests/world/deep/seahorse13.counts"),
    ),
    (
        "id428",
        include_bytes!("../../../tests/world/deep/id428.counts"),
    ),
];

fn place(name: &str) -> (Center, f64, u32) {
    let mut lines = PLACES.lines().map(|line| line.split_ascii_whitespace());
    let mut words = lines
        .find_map(|mut words| (words.next() == Some(name)).then_some(words))
        .unwrap();
    let mut next = || words.next().unwrap();
    let (re, im) = (next().parse().unwrap(), next().parse().unwrap());
    let center = Center { re, im };
    (center, next().parse().unwrap(), next().parse().unwrap())
}

fn plan(name: &str) -> Plan {
    let (center, zoom, limit) = place(name);
    let plan = Plan::at(center, zoom, 160, 120).unwrap();
    plan.with_limit(limit).unwrap()
}

fn counts(plan: &Plan, kernel: fn(&Plan, Tile, &mut [u32])) -> Counts {
    threads::run(plan, kernel, NonZeroUsize::new(2).unwrap()).unwrap()
}

#[test]
fn deep_views_count_what_big_integers_count() {
    for (name, expected) in COUNTS {
        let plan = plan(name);
        let counts = counts(&plan, fill);
        let (expected, _) = expected.as_chunks::<2>();
        assert_eq!(expected.len(), plan.points());
        let pairs = counts.values().iter().zip(expected);
        let differ = pairs
            .filter(|(count, expected)| **count != u32::from(u16::from_le_bytes(**expected)))
            .count();
        println!("{name}: {differ} of {}", plan.points());
        assert!(differ * 1000 <= plan.points(), "{name}: {differ}");
    }
}

/// If the plan says "shallow", `f64` is as good as perturbation. At the other limit `f64` is wrong
/// at many points.
#[test]
fn a_plan_knows_where_f64_is_wrong() {
    let (center, _, _) = place("spiral30");
    let at = |zoom: f64| {
        let plan = Plan::at(center.clone(), zoom, 160, 120).unwrap();
        let plan = plan.with_limit(5000).unwrap();
        let (one, other) = (counts(&plan, fill), counts(&plan, exact::fill));
        let pairs = one.values().iter().zip(other.values());
        (
            plan.depth(),
            pairs.filter(|(one, other)| one != other).count(),
        )
    };
    for exponent in 6..15 {
        let (depth, differ) = at(10.0_f64.powi(exponent));
        println!("1e{exponent}: {depth:?}, {differ} differ");
        match depth {
            Depth::Shallow => assert!(differ <= 192, "1e{exponent}: {differ}"),
            Depth::Rounded => {}
            Depth::Deep => assert!(differ > 1920, "1e{exponent}: {differ}"),
        }
    }
    assert_eq!(at(1e13).0, Depth::Rounded);
}

#[test]
fn a_plan_travels_with_all_its_digits() {
    let plan = plan("minibrot100");
    // As a value: text would round the zoom, as the pipe to a worker process does not.
    let value = serde_json::to_value(&plan).unwrap();
    let there: Plan = serde_json::from_value(value).unwrap();
    assert!(there == plan);
    assert_eq!((there.center(), there.zoom()), (plan.center(), plan.zoom()));
}

#[test]
fn the_deepest_zoom_is_drawn_and_a_deeper_one_refused() {
    // The orbit of i ends in a cycle of two: -1 + i and -i.
    let tip = || Center {
        re: "0".parse().unwrap(),
        im: "1".parse().unwrap(),
    };
    let plan = Plan::at(tip(), crate::plan::DEEPEST_ZOOM, 5, 5).unwrap();
    let counts = counts(&plan, fill);
    let row = &counts.values()[10..15];
    // In one cycle, a difference is multiplied by |2 (-1 + i) 2 (-i)| = 5.66. To grow from 10^-290
    // to 1 takes 385 cycles.
    let good = |count: &u32| (750..800).contains(count);
    assert!(
        row.iter().filter(|count| good(count)).count() >= 4,
        "{row:?}"
    );
    assert!(Plan::at(tip(), 1e295, 5, 5).is_err());
}
