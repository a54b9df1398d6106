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
//! Every model is one file with one signature: tasks in, and each outcome goes to a closure that says
//! whether to go on.
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

/// The chapter: its Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The models, from the plainest on: each runs tasks, and computes nothing itself. That a few lines
// are alike in several of them is on purpose: each file is whole.
pub mod async_tasks;
#[cfg(feature = "cluster")]
pub mod cluster;
pub mod par_iter;
pub mod processes;
pub mod serial;
pub mod threads;

// The kernels, in the order in which a picture meets them: each computes, and knows no concurrency.
pub mod colour;
pub mod decode;
pub mod encode;
pub mod jpeg;
pub mod orient;
pub mod resize;
mod shrink;

// What they share: the picture, what it may cost, what is wanted, what can go wrong.
mod failure;
mod limits;
mod memory;
mod picture;
mod png_chunks;
mod quiet;
mod settings;
pub mod task;

// Around them: which pictures there are, where their thumbnails go, what is there already.
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
