//! The record of a finished job.

use std::time::{Duration, SystemTime};

use async_fetch::{Answer, Body, Bytes, Outcome};
use serde_json::{Map, Value};

use super::job::Job;
use super::redirects::may_pass;
use crate::html::{Kind, Place};
use crate::reading::header;
use crate::seen::Id;
use crate::store::{self, Health, LinkRow, OwnExchange, PageRow, PageSummary, Target, UrlRow};

/// See the module.
#[derive(Debug, Default)]
pub(super) struct Record {
    pub(super) status: Option<u16>,
    content_type: Option<String>,
    pub(super) bytes: u64,
    seconds: f64,
    attempts: u32,
    pub(super) error: Option<String>,
    pub(super) title: Option<String>,
    /// The page of which this one is another address.
    pub(super) target: Option<Target>,
    /// URLs that were found on this page first.
    pub(super) urls: Vec<UrlRow>,
    pub(super) links: Vec<LinkRow>,
    /// Links on the page, with those that are not followed.
    pub(super) links_in_it: usize,
    /// The names of its parts.
    pub(super) ids: Vec<String>,
    pub(super) health: Health,
    pub(super) selected: Map<String, Value>,
}

impl Record {
    /// The record of a URL that was not requested.
    pub(super) fn failed(error: String) -> Record {
        Record {
            error: Some(error),
            ..Record::default()
        }
    }

    /// The record of an outcome. `accepted` are error statuses that the user accepts.
    pub(super) fn of(outcome: &Outcome, accepted: &[u16]) -> Record {
        let answer = outcome.result.as_ref().ok();
        let status = answer.map(|answer| answer.status.as_u16());
        let error = match &outcome.result {
            Err(error) => Some(error.to_string()),
            Ok(answer) if answer.status.as_u16() >= 400 => Some(answer.status.to_string()),
            Ok(_) => None,
        };
        let is_accepted = status.is_some_and(|status| accepted.contains(&status));
        let broken = error.is_some() && !is_accepted;
        Record {
            status,
            content_type: answer.and_then(|answer| header(&answer.headers, "content-type")),
            bytes: answer.map_or(0, |answer| answer.length),
            seconds: outcome.times.total.as_secs_f64(),
            attempts: outcome.attempts,
            health: Health {
                broken,
                passing: broken && may_pass(outcome),
                ..Health::default()
            },
            error,
            ..Record::default()
        }
    }

    /// Adds a link.
    pub(super) fn link(&mut self, target: Id, kind: Kind, place: Place, fragment: Option<String>) {
        self.links.push(LinkRow {
            target,
            kind,
            place,
            fragment,
        });
    }

    /// Records that a limit cut the page.
    pub(super) fn cut(&mut self, what: String) {
        let cut = &mut self.health.cut;
        *cut = Some(match cut.take() {
            Some(others) => format!("{others}; {what}"),
            None => what,
        });
    }

    /// The rows for the store.
    pub(super) fn rows(
        self,
        job: &Job,
        outcome: store::Outcome,
        exchange: Option<OwnExchange>,
    ) -> PageRow {
        let target_url = self.target.as_ref().map(|target| target.url.clone());
        PageRow {
            id: job.id,
            outcome,
            health: self.health,
            again: job.again,
            target: self.target,
            attempts: self.attempts,
            urls: self.urls,
            ids: self.ids,
            summary: PageSummary {
                url: job.url.as_str().to_owned(),
                status: self.status,
                depth: job.depth,
                bytes: self.bytes,
                links: self.links_in_it.max(self.links.len()),
                error: self.error,
                seconds: self.seconds,
                content_type: self.content_type,
                title: self.title,
                target: target_url,
                selected: self.selected,
            },
            links: self.links,
            exchange,
        }
    }
}

/// The exchange for the archive.
pub(super) fn exchange(job: &Job, answer: Answer, took: Duration) -> OwnExchange {
    let body = match answer.body {
        Body::Memory(body) => body,
        _ => Bytes::new(),
    };
    OwnExchange {
        url: job.url.as_str().to_owned(),
        head: job.head,
        address: answer.address.map(|address| address.ip()),
        // The time of the request.
        at: SystemTime::now()
            .checked_sub(took)
            .unwrap_or(SystemTime::UNIX_EPOCH),
        status: answer.status,
        version: answer.version,
        headers: answer.headers,
        body,
        cut: answer.cut,
    }
}
