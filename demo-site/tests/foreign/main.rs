//! What the site says of itself, seen by clients that are not ours: curl, Python, and nginx beside
//! it. Expected values are what the catalogue says; that they are so is what those clients find.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod command;
mod curl;
mod limits;
mod python;
mod support;
#[cfg(feature = "tls")]
mod tls;
