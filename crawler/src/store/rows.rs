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

/// A finished page, and everything that was found on it.
#[derive(Debug)]
pub(crate) struct PageRow {
    pub(crate) id: Id,
    pub(crate) outcome: Outcome,
    pub(crate) health: Health,
    /// It replaces an earlier row.
    pub(crate) again: bool,
    pub(crate) target: Option<Target>,
    pub(crate) attempts: u32,
    pub(crate) urls: Vec<UrlRow>,
    pub(crate) links: Vec<LinkRow>,
    pub(crate) ids: Vec<String>,
    pub(crate) summary: PageSummary,
    pub(crate) exchange: Option<OwnExchange>,
}

/// The state of a page as the target of links.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Health {
    /// A link to it is broken.
    pub(crate) broken: bool,
    /// The failure may be temporary.
    pub(crate) passing: bool,
    /// The names of all its parts are known.
    pub(crate) parts: bool,
    /// The limit that cut it.
    pub(crate) cut: Option<String>,
}

/// The target of a redirect or a canonical link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) id: Id,
    pub(crate) url: String,
    pub(crate) fragment: Option<String>,
}

/// The summary of a finished page: a line of JSON.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PageSummary {
    /// Its URL.
    pub url: String,
    /// The status of the answer, if there is one.
    pub status: Option<u16>,
    /// Links away from the seeds.
    pub depth: u32,
    /// Bytes of its body.
    pub bytes: u64,
    /// Links in it.
    pub links: usize,
    /// The error.
    pub error: Option<String>,
    /// The time it took.
    pub seconds: f64,
    /// Its content type.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub content_type: Option<String>,
    /// Its title.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// The target of its redirect or canonical link.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// The selected texts.
    #[serde(skip_serializing_if = "Map::is_empty")]
    pub selected: Map<String, Value>,
}

/// An [`Exchange`](crate::warc::Exchange) that owns its data.
#[derive(Debug)]
pub(crate) struct OwnExchange {
    pub(crate) url: String,
    /// Only its header was requested (HEAD).
    pub(crate) head: bool,
    pub(crate) address: Option<IpAddr>,
    pub(crate) at: SystemTime,
    pub(crate) status: StatusCode,
    pub(crate) version: Version,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
    /// The body was cut.
    pub(crate) cut: bool,
}
