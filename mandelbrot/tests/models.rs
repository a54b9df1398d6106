//! Every model gives the serial result, and passes errors on.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::io;
use std::num::NonZeroUsize;
use std::panic;

use mandelbrot::kernels::{exact, fast};
use mandelbrot::omp::Schedule;
use mandelbrot::{
    Counts, Plan, Tile, View, async_tasks, mariani_silver, par_iter, par_pixels, regions, serial,
    threads,
};
use num_complex::Complex;
use proptest::prelude::*;

type Fill = fn(&Plan, Tile, &mut [u32]);
type Model = fn(&Plan, Fill, NonZeroUsize) -> io::Result<Counts>;

// Processes need a program that begins with the hook: `command.rs` tests these models.
const MODELS: [(&str, Model); 9] = [
    ("serial", serial::run),
    ("threads", threads::run),
    ("omp", regions::run),
    ("omp-static", |plan, fill, workers| {
        Ok(regions::run_scheduled(
            plan,
            fill,
            workers,
            Schedule::Static,
        ))
    }),
    ("omp-dealt", |plan, fill, workers| {
        let schedule = Schedule::StaticChunks(2);
        Ok(regions::run_scheduled(plan, fill, workers, schedule))
    }),
    ("omp-guided", |plan, fill, workers| {
        Ok(regions::run_scheduled(
            plan,
            fill,
            workers,
            Schedule::Guided(2),
        ))
    }),
    ("rayon", par_iter::run),
    ("rayon-pixels", par_pixels::run),
    ("async", async_tasks::run),
];

fn workers(count: usize) -> NonZeroUsize {
    NonZeroUsize::new(count).unwrap()
}

fn assert_all_count_the_same(plan: &Plan, count: usize) {
    let expected = serial::run(plan, fast::fill, workers(1)).unwrap();
    for (name, model) in MODELS {
        let counts = model(plan, fast::fill, workers(count)).unwrap();
        let (width, height) = (plan.width(), plan.height());
        assert!(
            counts == expected,
            "{name} at {width}x{height}, {count} workers"
        );
    }
}

#[test]
fn every_model_counts_the_same_at_the_borders_of_size() {
    for (width, height) in [(1, 1), (1, 300), (300, 1), (97, 65), (640, 130)] {
        let plan = Plan::new(View::WORKSHOP, width, height).unwrap();
        for count in [1, 2, 7] {
            assert_all_count_the_same(&plan, count);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn every_model_counts_the_same_anywhere(
        (re, im) in (-2.0..1.0, -1.0..1.0),
        zoom in 0.0_f64..20.0,
        (width, height) in (1..200_usize, 1..120_usize),
        limit in 1..500_u32,
        count in 1..6_usize,
    ) {
        let view = View::square(Complex::new(re, im), zoom.exp2(), width, height);
        let plan = Plan::new(view, width, height).unwrap();
        assert_all_count_the_same(&plan.with_limit(limit).unwrap(), count);
    }
}

#[test]
fn a_panic_in_the_kernel_reaches_the_caller_of_every_model() {
    let plan = Plan::new(View::WORKSHOP, 100, 100).unwrap();
    let broken: Fill = |_, tile, _| assert!(tile.y < 50, "row {} is broken", tile.y);
    for (name, model) in MODELS {
        let caught = panic::catch_unwind(|| model(&plan, broken, workers(2)).map(drop));
        assert!(caught.is_err(), "{name} went on");
    }
}

#[test]
fn borders_are_enough_for_the_mandelbrot_set() {
    let plan = Plan::new(View::WORKSHOP, 640, 480).unwrap();
    let all = serial::run(&plan, exact::fill, workers(1)).unwrap();
    let traced = mariani_silver::run(&plan, exact::fill, workers(2)).unwrap();
    let pairs = all.values().iter().zip(traced.values());
    let lost = pairs.filter(|(all, traced)| all != traced).count();
    // Parts thinner than a pixel may be lost.
    assert!(lost * 10_000 <= plan.points(), "{lost} points lost");
}
