//! The same pages fetched in four ways: `async-fetch` without arguments compares them.
//!
//! Each file is whole, needs nothing of this crate, and is there to be lifted. All have one
//! signature: URLs in, how many at once, and a call of `done` with each page's place and body, which
//! can end it all by an error.

pub mod async_capped;
pub mod async_tasks;
pub mod serial;
pub mod threads;

/// What a model that failed says.
pub type Failure = Box<dyn std::error::Error + Send + Sync>;
