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
pub mod perturbation;
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
    /// [`perturbation::fill`]
    Perturbation,
}

impl KernelName {
    /// The kernel.
    pub fn fill(self) -> fn(&Plan, Tile, &mut [u32]) {
        match self {
            KernelName::Textbook => textbook::fill,
            KernelName::Exact => exact::fill,
            KernelName::Fast => fast::fill,
            KernelName::Perturbation => perturbation::fill,
        }
    }

    /// What it is called.
    pub fn name(self) -> &'static str {
        match self {
            KernelName::Textbook => "textbook",
            KernelName::Exact => "exact",
            KernelName::Fast => "fast",
            KernelName::Perturbation => "perturbation",
        }
    }
}

/// What instructions the SIMD kernels use here: `AVX-512`, `AVX2 and FMA`, …
pub fn instructions() -> &'static str {
    lanes::instructions()
}

#[cfg(test)]
mod tests;
