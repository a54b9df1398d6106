#![doc = include_str!("../README.md")]

// What is asked for, and what comes of it.
mod error;
mod outcome;
mod request;

// The fetcher: many requests, and one.
mod fetch_all;
mod fetcher;
mod job;

// Its parts, each of which knows one thing.
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
pub use gate::Slowed;
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

// What the interface is made of.
pub use bytes::Bytes;
pub use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Version};
pub use url::Url;
