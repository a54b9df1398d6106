//! The engine of the SIMD kernels: dozens of points at once, in passes.
//!
//! The first iterations, in which most points outside leave, are counted one by one. Then the points
//! that are still inside go on in passes. A pass takes a list of points some blocks further and
//! writes down those that stay as the list of the next, closed up, so that no lane idles for long.
//! Whether a point has left is asked once a block. One that has is put, as it was before the block,
//! on a second list, whose points go through the block again, counted. Where most points are inside
//! for good, nearly all time goes to `Group::block`, which has nothing to wait for but arithmetic.

// Arrays of vectors are gone through in step, and by number: iterators over several of them at once
// are not always inlined, and then are compiled without the instructions this is all about.
#![allow(
    clippy::needless_range_loop,
    reason = "iterators are not always inlined: see above"
)]

use std::marker::PhantomData;

use fearless_simd::prelude::*;
use fearless_simd::{Level, dispatch};

use super::step::Step;
use crate::plan::Plan;
use crate::tile::Tile;
use fill::Fill;
use lists::SCRATCH;

mod fill;
mod group;
mod lists;

/// Vectors side by side. The chain of one iteration is 8 cycles long where the processor starts
/// two operations a cycle: four would keep it busy if nothing came between.
const SIDE_BY_SIDE: usize = 6;

/// Iterations that are counted one by one at first.
const FIRST: u32 = 16;

/// Iterations between two questions whether a point has left, later.
const BLOCK: u32 = 24;

/// The same where a block would lead too far.
const SHORT_BLOCK: u32 = 8;

/// Vectors side by side in the first iterations, which are more operations.
const SIDE_BY_SIDE_AT_FIRST: usize = 4;

/// The most lanes that a vector has.
const MOST_LANES: usize = 8;

/// Points in one list: it should stay in the second level cache.
const BATCH: usize = 8192;

/// The last group may read and write this far beyond the points.
const ROOM: usize = BATCH + SIDE_BY_SIDE * MOST_LANES;

pub(super) fn instructions() -> &'static str {
    match Level::new() {
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx512(_) => "AVX-512",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Avx2(_) => "AVX2 and FMA",
        #[cfg(any(target_arch = "x86", target_arch = "x86_64"))]
        Level::Sse4_2(_) | Level::Sse2(_) => "SSE2",
        #[cfg(target_arch = "aarch64")]
        Level::Neon(_) => "NEON",
        _ => "scalar",
    }
}

/// Which arithmetic.
pub(super) trait Arithmetic {
    type Step<S: Simd>: Step<S>;
}

/// Fills a tile's counts with the instructions of a level.
pub(super) fn fill<A: Arithmetic>(level: Level, plan: &Plan, tile: Tile, out: &mut [u32]) {
    assert_eq!(out.len(), tile.points(), "a count for each point");
    SCRATCH.with_borrow_mut(|scratch| {
        for (index, out) in out.chunks_mut(BATCH).enumerate() {
            let first = index * BATCH;
            dispatch!(level, simd => Fill::<_, A::Step<_>> {
                simd,
                plan,
                tile,
                first,
                scratch,
                out,
                step: PhantomData,
            }.run());
        }
    });
}
