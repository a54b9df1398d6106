#![doc = include_str!("../README.md")]

// The models, from the plainest on: each runs jobs, and computes nothing itself. That a few lines
// are alike in several of them is on purpose: each file is whole.
pub mod async_blocking;
pub mod async_tasks;
pub mod gil;
pub mod par_iter;
pub mod processes;
pub mod serial;
pub mod threads;

// The kernels: each computes, and knows no concurrency.
pub mod combinatorial;
pub mod factor;
pub mod factor_wide;
pub mod miller_rabin;
mod montgomery;
mod montgomery_wide;
pub mod nth;
pub mod sieve;
pub mod trial_division;

// What they share: the questions, and how a range is divided.
pub mod constellation;
pub mod interval;
pub mod job;
pub mod longest_poll;
pub mod watch;

pub use constellation::Constellation;
pub use job::Job;
pub use watch::Watch;
