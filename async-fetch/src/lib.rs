//! Fetches many URLs at once: a stream of requests goes in, a stream of outcomes comes out.
//!
//! ```rust
//! use async_fetch::{Fetcher, Request};
//! use futures_util::{StreamExt, stream};
//!
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> Result<(), async_fetch::Error> {
//! # let site = demo_site::Site::builder().pages(3).start().unwrap();
//! # let urls: Vec<String> = site.pages().collect();
//! let fetcher = Fetcher::builder().jobs(64).per_host(6).build()?;
//! let requests = stream::iter(urls).filter_map(|url| async { Request::get(url).ok() });
//! let mut outcomes = fetcher.fetch_all(requests);
//! while let Some(outcome) = outcomes.next().await {
//!     match &outcome.result {
//!         Ok(answer) => println!("{} {} {}", answer.status, answer.length, outcome.url),
//!         Err(error) => println!("{}: {error}", outcome.url),
//!     }
//! }
//! # Ok(()) }
//! ```
//!
//! Outcomes come as they are completed, or `in_order`. No request is taken before there is a place for it,
//! so the list may be endless. Dropping the stream cancels everything at once: no task goes on.
//!
//! - [`Fetcher`] has the limits: in all and for each host, time-outs, retries, redirects, secrets.
//! - [`FetchAll`] is the stream. Hosts take turns.
//! - [`Request`] and [`Outcome`] are what goes in and what comes out.
//!
//! The lesson is the chapter `README.md`. What the command promises, and all limits, are in `TOOL.md`.

/// The chapter: its Rust is compiled.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Chapter;

// Requests and outcomes.
mod error;
mod outcome;
mod request;

// The fetcher: many requests, and one.
mod fetch_all;
mod fetcher;
mod job;

// Its parts.
mod address;
mod alarm;
mod checksum;
mod cookies;
mod credentials;
mod decode;
mod digest;
mod gate;
mod limits;
mod names;
mod pace;
mod part;
mod redirect;
mod retry;
mod sink;
mod speed;

pub use address::{Filter, Found, Lookup, is_public};
pub use checksum::{Checksum, NoChecksum};
pub use cookies::CookieJar;
pub use credentials::{Credentials, is_secret, without_userinfo};
pub use error::{Error, Phase};
pub use fetch_all::FetchAll;
pub use fetcher::{Builder, CredentialsRule, Fetcher, FollowRule, Proxy, Watch};
pub use gate::{Hosts, Remembered, Slowed};
pub use limits::{Limits, Timeouts};
pub use names::{file_name, folders, name_of_disposition, numbered};
pub use outcome::{Answer, Body, Outcome, Times};
pub use pace::Pace;
pub use part::FOLDER;
pub use redirect::{is_redirect, is_same_origin};
pub use request::{Keep, Request};
pub use retry::{Budget, Retries, chance, is_busy, retry_after};

// The same pages in four ways.
#[cfg(feature = "cli")]
pub mod models;

// Types of other crates that the interface uses.
pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
pub use url::Url;
