//! The Mandelbrot set by every model of concurrency: data parallelism.
//!
//! A [`Plan`] describes a computation, a [`Kernel`] computes a [`Tile`] of it, and a model
//! distributes the tiles to workers: [`serial`], [`threads`], [`par_iter`] (rayon), [`par_pixels`]
//! (the counter-example), [`processes`], [`shared_memory`], [`regions`] (OpenMP-style),
//! [`async_tasks`] and [`mariani_silver`]. All models have the same signature: a plan, a kernel and
//! a number of workers in, [`Counts`] out.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use mandelbrot::{Plan, View, kernels, par_iter};
//!
//! let plan = Plan::new(View::WORKSHOP, 320, 240)?.with_limit(1000)?;
//! let workers = NonZeroUsize::new(2).unwrap();
//! let counts = par_iter::run(&plan, kernels::fast::fill, workers)?;
//! let inside = counts.values().iter().filter(|&&count| count == 1000).count();
//! assert!(inside > 16_000 && inside < 17_000);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`omp`] is a library of its own, which needs only `std`:
//!
//! ```
//! use mandelbrot::omp;
//!
//! let sums = omp::parallel(4, |p| {
//!     let mut sum = 0;
//!     for n in p.range(0..1000) {
//!         sum += n;
//!     }
//!     p.reduce(sum, |a, b| a + b)
//! });
//! assert_eq!(sums, [499_500; 4]);
//! ```
//!
//! To copy a model, copy its file and the common ones: `plan.rs`, `view.rs`, `tile.rs`, `counts.rs`
//! and the trait in `kernels.rs`; for processes also `band.rs`, for shared memory also
//! `mapping.rs`. A kernel may be a closure, except in processes: they get the kernel's name
//! ([`kernels::KernelName`]).
//!
//! The lesson is the chapter `README.md`; the command is described in `TOOL.md`.

/// The chapter, included so that its Rust code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The models, the simplest first. Each hands out bands of rows, and computes nothing itself.
pub mod async_tasks;
pub mod mariani_silver;
pub mod par_iter;
pub mod par_pixels;
pub mod processes;
pub mod regions;
pub mod serial;
pub mod shared_memory;
pub mod threads;

// OpenMP-style regions: a library of its own, which can be copied as a whole.
pub mod omp;

// The kernels. Each computes, and uses no concurrency.
pub mod kernels;

// The common part: plans, tiles and counts.
pub mod band;
pub mod center;
pub mod counts;
mod mapping;
pub mod plan;
pub mod stop;
pub mod tile;
pub mod view;

// The explorer's page.
#[cfg(feature = "explore")]
pub mod explore;

// Pictures from counts.
pub mod paint;
pub mod palette;
pub mod png_file;

pub use counts::Counts;
pub use kernels::Kernel;
pub use plan::Plan;
pub use tile::Tile;
pub use view::View;
