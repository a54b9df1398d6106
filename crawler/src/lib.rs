//! A polite, resumable, recursive crawler and link checker.
//!
//! [`Crawl`] has the rules and the state of one crawl. It starts no thread and no task: a model does.
//! [`serial`], [`threads`], [`processes`], [`async_tasks`], [`async_rayon`].
//!
//! ```rust
//! use std::num::NonZeroUsize;
//! use crawler::{async_rayon, store::File, Crawl, Settings};
//!
//! let site = demo_site::Site::builder().pages(50).start()?;
//! let settings = Settings::new(vec![site.url("/").parse()?]);
//! let crawl = Crawl::new(settings, File::temporary()?, None, Box::new(|_page| ()))?;
//! async_rayon::run(&crawl, NonZeroUsize::MIN)?;
//! assert_eq!(crawl.finish()?.pages, 50);
//! assert_eq!(site.counts().requests, 51); // and robots.txt
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # When a crawl is over
//!
//! Pages lead to more pages. A crawl ends when the queue is empty and no page is in flight, both at the same
//! moment. [`frontier`] implements this rule:
//!
//! ```rust
//! use crawler::frontier::{Frontier, Work};
//!
//! /// Page n links to its half.
//! struct Pages(Vec<u32>);
//!
//! impl Work for Pages {
//!     type Job = u32;
//!     fn next(&mut self, _in_flight: usize) -> Option<u32> {
//!         self.0.pop()
//!     }
//! }
//!
//! let frontier = Frontier::new(Pages(vec![100]));
//! let mut count = 0;
//! while let Some(page) = frontier.take() {
//!     count += 1;
//!     frontier.complete(|pages| pages.0.extend((page > 1).then_some(page / 2)));
//! }
//! assert_eq!(count, 7);
//! ```
//!
//! The lesson is the chapter `README.md`. The exact rules, formats and limits are in `TOOL.md`.

/// The chapter: its Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// The end of a crawl.
pub mod frontier;
mod sync;

// Secrets and headers.
#[cfg(not(loom))]
pub mod access;

// The disk: the cache, the state, which a thread of its own writes, and reports from the state.
#[cfg(not(loom))]
pub mod cache;
#[cfg(not(loom))]
pub mod report;
#[cfg(not(loom))]
pub mod store;

// The kernels: they turn text and bytes into answers, without network and concurrency.
#[cfg(not(loom))]
pub mod charset;
#[cfg(not(loom))]
pub mod fragment;
#[cfg(not(loom))]
pub mod html;
#[cfg(not(loom))]
pub mod normalise;
#[cfg(not(loom))]
pub mod reading;
#[cfg(not(loom))]
pub mod robots;
#[cfg(not(loom))]
pub mod scope;
#[cfg(not(loom))]
pub mod seen;
#[cfg(not(loom))]
pub mod select;
#[cfg(not(loom))]
pub mod settings;
#[cfg(not(loom))]
pub mod sitemap;
#[cfg(not(loom))]
pub mod traps;
#[cfg(not(loom))]
pub mod warc;

// The blocking fetcher.
#[cfg(not(loom))]
mod ask;
#[cfg(not(loom))]
mod blocking;

// The crawl, and the models.
#[cfg(not(loom))]
pub mod async_rayon;
#[cfg(not(loom))]
pub mod async_tasks;
#[cfg(not(loom))]
pub mod crawl;
#[cfg(not(loom))]
pub mod processes;
#[cfg(not(loom))]
pub mod serial;
#[cfg(not(loom))]
pub mod threads;

#[cfg(not(loom))]
pub use crawl::Crawl;
#[cfg(not(loom))]
pub use settings::Settings;
