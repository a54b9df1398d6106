//! A small web site on 127.0.0.1 for demonstrations, tests and benches without a network.
//!
//! It is the same on every run, serves everything that is known to us to break clients, and counts all requests. A
//! [`Site`] runs on a thread of its own and ends when it is dropped. [`catalogue::ENTRIES`] lists its paths.
//! [`Site::counts`] returns the counters.
//!
//! ```
//! use std::time::Duration;
//! use demo_site::{Latency, Site};
//!
//! let latency = Latency::Fixed(Duration::from_millis(50));
//! let site = Site::builder().pages(200).links(5).latency(latency).start()?;
//! assert_eq!(site.pages().count(), 200);
//! assert_eq!(site.counts().requests, 0);
//! # Ok::<(), std::io::Error>(())
//! ```

/// The README: its Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

// A site, and its counters.
mod counters;
mod latency;
mod log;
mod site;

// The kernels: they make text and bytes, without a network.
pub mod catalogue;
pub mod content;
mod pages;
mod random;

// The replies and the server.
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
