//! Thumbnails of pictures, by threads, processes, rayon and async.
//!
//! # One picture
//!
//! ```rust
//! use thumbnails::{Format, Settings, samples::Sample, task::thumbnail};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! let sample = Sample { path: folder.path().join("a.jpg"), size: (1200, 800), format: Format::Jpeg, seed: 1 };
//! sample.write()?;
//! let made = thumbnail(&std::fs::read(&sample.path)?, &Settings::default(), &[])?;
//! assert_eq!(made.size, (256, 171));
//! # Ok(()) }
//! ```
//!
//! # A folder, in any model
//!
//! Every model is one file, and all have the same signature: tasks go in, and a closure gets each
//! outcome and returns whether to continue.
//!
//! ```rust
//! use std::num::NonZeroUsize;
//! use std::ops::ControlFlow;
//! use thumbnails::{Settings, Task, threads};
//!
//! let tasks = ["a.jpg", "b.jpg"].map(|name| {
//!     Task::new(format!("photographs/{name}"), format!("small/{name}"), Settings::default())
//! });
//! threads::run(tasks.into_iter(), NonZeroUsize::MIN, |task, outcome| {
//!     if let Err(failure) = outcome {
//!         eprintln!("{}: {failure}", task.source.display());
//!     }
//!     ControlFlow::Continue(())
//! })?;
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! The models are [`serial`], [`threads`], [`processes`], [`par_iter`] and [`async_tasks`]. The lesson is the
//! chapter `README.md`; formats, limits and figures are in `TOOL.md`.

/// The chapter, included so that its Rust code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The models, the simplest first. Each runs tasks, and computes nothing itself. A few lines are the
// same in several of them on purpose, so that each file can be read alone.
pub mod async_tasks;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod par_iter;
pub mod processes;
pub mod serial;
pub mod threads;

// The kernels, in the order in which a picture passes them. Each computes, and uses no concurrency.
pub mod colour;
pub mod decode;
pub mod encode;
pub mod jpeg;
pub mod orient;
pub mod resize;
mod shrink;

// The common part: pictures, limits, settings and errors.
mod failure;
mod limits;
mod memory;
mod picture;
mod png_chunks;
mod quiet;
mod settings;
pub mod task;

// Around them: finding pictures, naming thumbnails, and recording which exist.
pub mod manifest;
pub mod names;
pub mod paths;
pub mod samples;
pub mod sheet;
pub mod walk;
pub mod xdg;

pub use failure::Failure;
pub use limits::Limits;
pub use picture::{Format, Picture, Pixel};
pub use resize::{Filter, Fit};
pub use settings::Settings;
pub use task::{Made, Outcome, Task};
