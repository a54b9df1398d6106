//! A small web site on 127.0.0.1 for demonstrations, tests and benches without a network.
//!
//! It is the same on every run, it does everything that we know to break clients, and it counts what it
//! sees. A [`Site`] runs on a thread of its own and is gone when it is dropped. [`catalogue::ENTRIES`] is
//! the list of what it can do; [`Site::counts`] says what it has seen.
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
