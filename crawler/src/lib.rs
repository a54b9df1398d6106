#![doc = include_str!("../README.md")]

// When it is over.
pub mod frontier;
mod sync;

// What is sent along.
#[cfg(not(loom))]
pub mod access;

// What is known from earlier runs.
#[cfg(not(loom))]
pub mod cache;

// The kernels: text and bytes in, answers out; they know no network and no concurrency.
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
pub mod report;
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
pub mod store;
#[cfg(not(loom))]
pub mod traps;
#[cfg(not(loom))]
pub mod warc;

// What fetches, where a thread waits for each page.
#[cfg(not(loom))]
mod ask;
#[cfg(not(loom))]
mod blocking;

// The crawl, and the models that work at it.
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
