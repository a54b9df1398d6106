//! The outcome of a request.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, StatusCode, Version};
use url::Url;

use crate::checksum::Checksum;
use crate::error::Error;

/// What became of a request.
#[derive(Debug)]
pub struct Outcome {
    /// Where it was to go.
    pub url: Url,
    /// The caller's number.
    pub tag: u64,
    /// Its place in the stream of requests, from 0.
    pub index: u64,
    /// How often it was tried. A redirect is no attempt.
    pub attempts: u32,
    /// There would have been another attempt, had the [budget](crate::Retries::share) of all
    /// requests not been spent.
    pub out_of_budget: bool,
    /// Where redirects led, in order; the last is where the answer is from.
    pub redirects: Vec<Url>,
    /// How long it took.
    pub times: Times,
    /// The answer, whatever its status, or why there is none.
    pub result: Result<Answer, Error>,
}

/// How long a request took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// It waited so long for its turn; not part of the others.
    pub waited: Duration,
    /// From the start of the last attempt to the header of its answer.
    pub first_byte: Duration,
    /// From the first start to the end, with all attempts, redirects and the waits between them.
    pub total: Duration,
}

/// An answer, with its body read to the end.
#[derive(Debug)]
pub struct Answer {
    /// Where it is from, after redirects.
    pub url: Url,
    /// Its status. (206 where a file was complete already, and the server said so.)
    pub status: StatusCode,
    /// Its version of HTTP.
    pub version: Version,
    /// Its headers.
    pub headers: HeaderMap,
    /// Who sent it.
    pub address: Option<SocketAddr>,
    /// Bytes of the body as it is kept: decoded if that was asked for, and with what an earlier
    /// attempt or run had fetched.
    pub length: u64,
    /// Bytes of the body that came with this answer, before they were decoded.
    pub received: u64,
    /// Bytes of the body that were there before this answer.
    pub resumed_from: u64,
    /// The checksum of the body as it is kept, if one was [wanted](crate::Request::summed).
    pub checksum: Option<Checksum>,
    /// The body is longer: see [`Request::cut_at_limit`](crate::Request::cut_at_limit).
    pub cut: bool,
    /// The body.
    pub body: Body,
}

/// A body that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Body {
    /// It was not to be kept.
    #[default]
    Nothing,
    /// It is here.
    Memory(Bytes),
    /// It is in this file.
    File(PathBuf),
}

impl Outcome {
    /// The answer's status, if there is an answer.
    pub fn status(&self) -> Option<StatusCode> {
        self.result.as_ref().ok().map(|answer| answer.status)
    }

    /// Whether there is an answer, and its status is one of success (2xx).
    pub fn is_success(&self) -> bool {
        self.status().is_some_and(|status| status.is_success())
    }

    /// Why it is no success, if it is none.
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
    /// The body, if it was kept in memory; else none of it.
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Memory(bytes) => bytes,
            _ => &[],
        }
    }
}
