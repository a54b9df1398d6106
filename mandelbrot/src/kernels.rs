//! The kernels: plain sequential code without concurrency.
//!
//! Each kernel fills in the counts of a tile. A count is the number of iterations for which z stays
//! within 2 of the origin, at most the plan's limit.

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

/// The function that a model runs: `fill(plan, tile, out)` writes the counts of the tile's points
/// into `out`, row by row. Every function and closure with this signature is a kernel.
pub trait Kernel: Fn(&Plan, Tile, &mut [u32]) + Send + Sync {}

impl<F: Fn(&Plan, Tile, &mut [u32]) + Send + Sync> Kernel for F {}

/// The kernels of this crate by name: a name can be sent to another process, a function can't.
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
    /// The kernel's function.
    pub fn fill(self) -> fn(&Plan, Tile, &mut [u32]) {
        match self {
            KernelName::Textbook => textbook::fill,
            KernelName::Exact => exact::fill,
            KernelName::Fast => fast::fill,
            KernelName::Perturbation => perturbation::fill,
        }
    }

    /// The kernel's name.
    pub fn name(self) -> &'static str {
        match self {
            KernelName::Textbook => "textbook",
            KernelName::Exact => "exact",
            KernelName::Fast => "fast",
            KernelName::Perturbation => "perturbation",
        }
    }
}

/// The instruction set of the SIMD kernels on this machine: `AVX-512`, `AVX2 and FMA`, …
pub fn instructions() -> &'static str {
    lanes::instructions()
}

#[cfg(test)]
mod tests;
