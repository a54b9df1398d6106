#![doc = include_str!("../README.md")]

pub mod async_blocking;
pub mod async_tasks;
pub mod constellation;
pub mod error;
pub mod factor;
pub mod gil;
pub mod interval;
pub mod job;
pub mod longest_poll;
pub mod miller_rabin;
mod montgomery;
pub mod nth;
pub mod par_iter;
pub mod processes;
pub mod serial;
pub mod sieve;
pub mod threads;
pub mod trial_division;

pub use constellation::Constellation;
pub use error::Error;
pub use job::Job;
