#![doc = include_str!("../README.md")]

// A site, and what it is asked.
mod counters;
mod latency;
mod log;
mod site;

// The kernels: they make text and bytes, and know no network.
pub mod catalogue;
pub mod content;
mod pages;
mod random;

// What is served, and how.
mod replies;
mod server;
#[cfg(feature = "tls")]
mod tls;

pub use counters::{Counts, HostCounts, Seen};
pub use latency::Latency;
pub use replies::NAMES;
pub use site::{Builder, MOST_LINKS, Site};
#[cfg(feature = "tls")]
pub use tls::BAD_CERTIFICATES;
