//! The rows that are written for a page, and its summary.

use std::net::IpAddr;
use std::time::SystemTime;

use async_fetch::{Bytes, HeaderMap, StatusCode, Version};
use serde::Serialize;
use serde_json::{Map, Value};

use super::outcome::{Outcome, Skip};
use crate::html::{Kind, Place};
use crate::seen::Id;

/// A URL that was found.
#[derive(Clone, Debug)]
pub(crate) struct UrlRow {
    pub(crate) id: Id,
    pub(crate) url: String,
    pub(crate) depth: u32,
    pub(crate) hops: u8,
    pub(crate) role: u8,
    pub(crate) skipped: Option<Skip>,
}

/// A link.
#[derive(Clone, Debug)]
pub(crate) struct LinkRow {
    pub(crate) target: Id,
    pub(crate) kind: Kind,
    pub(crate) place: Place,
    pub(crate) fragment: Option<String>,
}

/// A page that was dealt with, and all that it led to.
#[derive(Debug)]
pub(crate) struct PageRow {
    pub(crate) id: Id,
    pub(crate) outcome: Outcome,
    pub(crate) health: Health,
    /// It takes the place of an earlier row.
    pub(crate) again: bool,
    pub(crate) target: Option<Target>,
    pub(crate) attempts: u32,
    pub(crate) urls: Vec<UrlRow>,
    pub(crate) links: Vec<LinkRow>,
    pub(crate) ids: Vec<String>,
    pub(crate) summary: PageSummary,
    pub(crate) exchange: Option<OwnExchange>,
}

/// What a page is worth to those that link to it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// A link to it is broken.
    pub(crate) broken: bool,
    /// It may be there another time.
    pub(crate) passing: bool,
    /// The names of all its parts are known.
    pub(crate) parts: bool,
    /// Which limit cut something of it.
    pub(crate) cut: Option<String>,
}

/// Where a redirect or a canonical link leads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: Id,
    pub(crate) url: String,
    pub(crate) fragment: Option<String>,
}

/// What is told of a page when it is done: a line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageSummary {
    /// Its URL.
    pub url: String,
    /// The status of the answer, if there is one.
    pub status: Option<u16>,
    /// How many links away from the seeds it was found.
    pub depth: u32,
    /// Bytes of its body.
    pub bytes: u64,
    /// Links in it.
    pub links: usize,
    /// What went wrong.
    pub error: Option<String>,
    /// How long it took.
    pub seconds: f64,
    /// What it is.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it redirects to, or which page it is another address of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// What was picked out of it.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub selected: Map<String, Value>,
}

/// An [`Exchange`](crate::warc::Exchange) that belongs to nobody else.
#[derive(Debug)]
pub(crate) struct OwnExchange {
    pub(crate) url: String,
    /// Only its header was asked for.
    pub(crate) head: bool,
    pub(crate) address: Option<IpAddr>,
    pub(crate) at: SystemTime,
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body is longer than that.
    pub(crate) cut: bool,
}
