//! The part that all rooms of the workshop share: fair comparisons, traces, files that appear whole
//! or not at all, and the conventions of the command lines. It has no concurrency of its own.
//!
//! - [`comparison`]: the same job in several models: one table, a check that all agree, no winner
//!   within the noise.
//! - [`timing`], [`cpus`]: wall time, CPU time, peak memory; the CPUs that this process may use.
//! - [`trace`]: a picture of a run: a Chrome trace, text lanes, SVG.
//! - [`files`], [`text`], [`stdout`]: files that appear whole; text from outside, escaped.
//! - `cli` (feature `cli`): flags, numbers, progress, interrupts.

/// The README, included so that its Rust code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub mod comparison;
pub mod cpus;
pub mod files;
pub mod stdout;
pub mod text;
pub mod timing;
pub mod trace;

#[cfg(feature = "cli")]
pub mod cli;

mod sys;
