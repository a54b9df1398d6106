#![doc = include_str!("../README.md")]

// The models, from the plainest on: each hands out bands of rows, and computes nothing itself.
pub mod async_tasks;
pub mod mariani_silver;
pub mod par_iter;
pub mod par_pixels;
pub mod processes;
pub mod regions;
pub mod serial;
pub mod shared_memory;
pub mod threads;

// OpenMP-style regions: a library of its own, to be lifted out as a whole.
pub mod omp;

// The kernels: each computes, and knows no concurrency.
pub mod kernels;

// What they share: what is to be computed, and what comes out.
pub mod band;
pub mod center;
pub mod counts;
mod mapping;
pub mod plan;
pub mod stop;
pub mod tile;
pub mod view;

// A page to look around in.
#[cfg(feature = "explore")]
pub mod explore;

// Pictures made of counts.
pub mod paint;
pub mod palette;
pub mod png_file;

pub use counts::Counts;
pub use kernels::Kernel;
pub use plan::Plan;
pub use tile::Tile;
pub use view::View;
