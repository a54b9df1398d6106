//! The same pages fetched in four ways: `async-fetch` without arguments compares them.
//!
//! Each file needs nothing else of this crate, so it can be copied. All have one signature: the URLs, how
//! many at once, and `done`, which is called with each page's place and body. An error of `done` ends the run.

pub mod async_capped;
pub mod async_tasks;
pub mod serial;
pub mod threads;

/// The error of a model.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
