//! What every room of the workshop shares: fair comparisons, traces, files that are whole or not there, and
//! the conventions of the command lines. There is no concurrency in here.
//!
//! - [`comparison`]: the same job in several models: one table, one check that all agree, no winner inside
//!   the noise.
//! - [`timing`], [`cpus`]: wall time, CPU time, peak memory; which CPUs this process may use.
//! - [`trace`]: what ran when: a Chrome trace, text lanes, SVG.
//! - [`files`], [`text`], [`stdout`]: files that appear whole; text from outside, escaped.
//! - `cli` (feature `cli`): flags, numbers, progress, interrupts.

/// The README: its Rust is compiled.
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
