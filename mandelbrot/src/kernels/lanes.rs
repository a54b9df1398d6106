//! The engine of the SIMD kernels: dozens of points at once, in passes.
//!
//! In the first iterations most outside points leave; these iterations are counted one by one. The
//! points that are still inside then continue in passes. A pass advances each point of a list by
//! some blocks, and writes the remaining points without gaps into the list of the next pass, so no
//! lane is idle for long. Whether a point has left is checked once per block. If so, its position
//! before the block goes to a second list, and these points repeat the block with counting. If most
//! points never leave, almost all time is spent in `Group::block`, which contains only arithmetic.

// Arrays of vectors are indexed in loops. Iterators over several of them at once are not always
// inlined, and are then compiled without the SIMD instructions.
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

/// Vectors side by side. The dependency chain of one iteration takes 8 cycles, and the processor
/// starts two operations per cycle: four vectors would be enough if nothing else ran between them.
const SIDE_BY_SIDE: usize = 6;

/// The number of first iterations, which are counted one by one.
const FIRST: u32 = 16;

/// Later: the iterations between two checks whether a point has left.
const BLOCK: u32 = 24;

/// The same, if a whole block would exceed the limit.
const SHORT_BLOCK: u32 = 8;

/// Vectors side by side in the first iterations, which have more operations.
const SIDE_BY_SIDE_AT_FIRST: usize = 4;

/// The maximum number of lanes of a vector.
const MOST_LANES: usize = 8;

/// The points in one list: it should fit the L2 cache.
const BATCH: usize = 8192;

/// The length of the arrays: the last group may read and write beyond the points.
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

/// The arithmetic of a formula.
pub(super) trait Arithmetic {
    type Step<S: Simd>: Step<S>;
}

/// Fills a tile's counts with a given instruction set.
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
