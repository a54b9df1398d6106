//! TLS: in memory, byte by byte on a wire that the test controls, and with other implementations.

#![cfg(feature = "tls")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod ends;
mod foreign;
mod handshake;
mod support;
mod unix;
