#![doc = include_str!("../README.md")]

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
