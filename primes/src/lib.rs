//! Prime numbers, computed by every model of concurrency.
//!
//! A kernel computes and starts nothing: [`sieve`], [`trial_division`], [`miller_rabin`],
//! [`factor`], [`nth`], [`combinatorial`]. A model starts workers and computes nothing: [`serial`],
//! [`threads`], [`par_iter`] (rayon), [`processes`], [`async_tasks`], [`async_blocking`] (the
//! counter-example) and [`gil`]. All models have the same signature: jobs from an iterator, a
//! number of workers, and a function that is called with each answer. A model takes no more jobs
//! than it can run, so the iterator may be endless.
//!
//! ```
//! use std::num::NonZeroUsize;
//! use std::sync::atomic::{AtomicU64, Ordering};
//!
//! use primes::{Constellation, job, threads};
//!
//! let workers = NonZeroUsize::new(2).unwrap();
//! let jobs = job::pieces(0..=10_000_000, Constellation::Single, workers);
//! let total = AtomicU64::new(0);
//! threads::run(jobs, workers, |_job, count| {
//!     total.fetch_add(count, Ordering::Relaxed);
//! })?;
//! assert_eq!(total.into_inner(), 664_579);
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! To take a model into your own program, copy its file and put your own type in place of [`Job`].
//!
//! The lesson is the chapter `README.md`; the command is described in `TOOL.md`.

/// The chapter, included so that its Rust code is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The models, the simplest first. Each runs jobs, and computes nothing itself. A few lines are the
// same in several of them on purpose, so that each file can be read alone.
pub mod async_blocking;
pub mod async_tasks;
pub mod gil;
pub mod par_iter;
pub mod processes;
pub mod serial;
pub mod threads;

// The kernels. Each computes, and uses no concurrency.
pub mod combinatorial;
pub mod factor;
pub mod factor_wide;
pub mod miller_rabin;
mod montgomery;
mod montgomery_wide;
pub mod nth;
pub mod sieve;
pub mod trial_division;

// The common part: jobs, and the division of a range.
pub mod constellation;
pub mod interval;
pub mod job;
pub mod longest_poll;
pub mod watch;

pub use constellation::Constellation;
pub use job::Job;
pub use watch::Watch;
