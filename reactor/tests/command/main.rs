//! The command, from outside.

#![cfg(feature = "cli")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod clients;
mod fetch;
mod servers;
mod support;
