//! Two thousand tiny items: the case of rayon-rs/rayon#648.

use super::{Kit, timed};
use crate::book::Section;
use crate::sample::{Probe, Run, interleaved};
use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use std::hint::black_box;
use std::io;

const ITEMS: u64 = 2000;

const TITLES: &[(&str, &str)] = &[
    ("items/serial", "2,000 items, one after another"),
    ("items/rayon", "2,000 items, by rayon's par_iter"),
];

/// Measures both.
///
/// # Errors
///
/// Only if the user asked to stop.
pub fn measure(kit: &Kit, run: &Run<'_>) -> io::Result<Section> {
    let items: Vec<u64> = (0..ITEMS).collect();
    let item = |&number: &u64| black_box(number.wrapping_mul(number));
    let serial = || items.iter().map(item).fold(0, u64::wrapping_add);
    let parallel = || items.par_iter().map(item).reduce(|| 0, u64::wrapping_add);
    let probes = vec![
        Probe::new("items/serial", |times| {
            Ok(timed(|| {
                (0..times).map(|_| serial()).fold(0, u64::wrapping_add)
            }))
        }),
        Probe::new("items/rayon", |times| {
            let all = || (0..times).map(|_| parallel()).fold(0, u64::wrapping_add);
            Ok(kit.rayon.install(|| timed(all)))
        }),
    ];
    let mut section = Section::new(
        "items",
        "2,000 tiny items",
        "Each item is one multiplication. The work is finished before another thread has woken up.",
    );
    section.add_all(interleaved(probes, run)?, TITLES);
    Ok(section)
}
