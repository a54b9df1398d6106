//! The outcome of a request.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use url::Url;

use crate::checksum::Checksum;
use crate::error::Error;

/// The outcome of a request.
#[derive(Debug)]
pub struct Outcome {
    /// The requested URL.
    pub url: Url,
    /// The caller's number.
    pub tag: u64,
    /// Its place in the stream of requests, from 0.
    pub index: u64,
    /// The number of attempts. A redirect is no attempt.
    pub attempts: u32,
    /// There was no further attempt because the [budget](crate::Retries::share) of all requests was spent.
    pub out_of_budget: bool,
    /// The targets of the redirects, in order. The answer is from the last one.
    pub redirects: Vec<Url>,
    /// The times.
    pub times: Times,
    /// The answer, with any status, or the error.
    pub result: Result<Answer, Error>,
}

/// The times of a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// The wait for its turn. It is not part of the others.
    pub waited: Duration,
    /// From the start of the last attempt to the header of its answer.
    pub first_byte: Duration,
    /// From the first start to the end, with all attempts, redirects and the waits between them.
    pub total: Duration,
}

/// An answer, with its body read to the end.
#[derive(Debug)]
pub struct Answer {
    /// Its URL, after redirects.
    pub url: Url,
    /// Its status. (206 if a file was complete already, and the server confirmed it.)
    pub status: StatusCode,
    /// Its version of HTTP.
    pub version: Version,
    /// Its headers.
    pub headers: HeaderMap,
    /// The server's address.
    pub address: Option<SocketAddr>,
    /// Bytes of the body as it is kept: decoded on request, and including bytes of earlier attempts and runs.
    pub length: u64,
    /// Bytes of the body that came with this answer, before they were decoded.
    pub received: u64,
    /// Bytes of the body that earlier answers brought.
    pub resumed_from: u64,
    /// The checksum of the body as it is kept, if one was [wanted](crate::Request::summed).
    pub checksum: Option<Checksum>,
    /// The body is longer than the limit: see [`Request::cut_at_limit`](crate::Request::cut_at_limit).
    pub cut: bool,
    /// The body.
    pub body: Body,
}

/// A body that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// It was not kept.
    #[default]
    Nothing,
    /// It is in memory.
    Memory(Bytes),
    /// It is in this file.
    File(PathBuf),
}

impl Outcome {
    /// The answer's status, if there is an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.result.as_ref().ok().map(|answer| answer.status)
    }

    /// Whether there is an answer with a status of success (2xx).
    pub fn is_success(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }

    /// The reason why it is no success; `None` if it is one.
    pub fn failure(&self) -> Option<String> {
        let mut reason = match &self.result {
            Ok(answer) if answer.status.is_success() => return None,
            Ok(answer) => answer.status.to_string(),
            Err(error) => error.to_string(),
        };
        if self.out_of_budget {
            reason += " (not tried again: the retry budget of all URLs is spent; --retry-budget)";
        }
        Some(reason)
    }
}

impl Answer {
    /// The body, if it is in memory; otherwise an empty one.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Memory(bytes) => bytes,
            _ => &[],
        }
    }
}
