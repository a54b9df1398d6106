//! Fetches a big file in several ranges at once. Each range is checked as a part is: the unit, the first
//! and the last byte, the total, and the version, which must be that of the first answer.

use std::future::ready;
use std::pin::{Pin, pin};
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, Either, select};
use futures_util::stream::FuturesUnordered;
use http::{StatusCode, header};
use tokio::time::Sleep;

use super::body::Read;
use super::clock::Clock;
use super::ranges::{self, ContentRange};
use super::{Job, Place, Step};
use crate::alarm;
use crate::error::Error;
use crate::fetcher::Inner;
use crate::part::{Segment, Spans};
use crate::request::Request;
use crate::sink::Sink;

/// Ranges of one file at once, at most: as in aria2, for one server.
const MOST: usize = 16;

/// How often a file that changes is fetched in several ranges from the start. Then it is fetched in one.
pub(super) const BEGINNINGS: u32 = 3;

impl Job<'_> {
    /// How many ranges of the answer's file can be fetched at once.
    pub(super) fn segments(&self, response: &reqwest::Response) -> usize {
        let asked = self.request.segments.min(MOST);
        let ranges = response.headers().get(header::ACCEPT_RANGES);
        let takes_ranges = match response.status() {
            StatusCode::OK => ranges.is_some_and(|it| it.as_bytes().eq_ignore_ascii_case(b"bytes")),
            status => status == StatusCode::PARTIAL_CONTENT,
        };
        match takes_ranges && self.splits_left > 0 && *self.route.method() == http::Method::GET {
            true => asked,
            false => 1,
        }
    }

    /// Reads an answer while helpers fetch ranges of the same file, until no range is missing.
    pub(super) async fn read_beside(
        &mut self,
        spans: &Arc<Spans>,
        at_once: usize,
        alarm: Pin<&mut Sleep>,
        response: &mut reqwest::Response,
        (sink, from): (&mut Sink, u64),
        range: Option<&ContentRange>,
    ) -> Result<Read, Error> {
        let (inner, request, clock) = (self.inner, self.request, self.clock);
        let mut helpers: FuturesUnordered<_> = (1..at_once)
            .map(|number| helper(inner, request, clock, number, Arc::clone(spans)))
            .collect();
        let read = {
            let reading = pin!(self.read(alarm, response, sink, from, range));
            let all = (&mut helpers).for_each(|()| ready(()));
            match select(reading, all).await {
                Either::Left((read, _)) => read,
                Either::Right(((), reading)) => reading.await,
            }
        };
        if spans.is_whole_only() {
            self.splits_left = 0;
        }
        let read = read?;
        sink.flush().await?;
        // A helper may be waiting for this permit: without it, the file would never be complete.
        self.permit = None;
        // Helpers that still wait for a permit when the file is complete are dropped.
        while !spans.is_complete() && helpers.next().await.is_some() {}
        Ok(read)
    }

    /// Reads a range, if it is the requested one.
    pub(super) async fn take_segment(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        mut response: reqwest::Response,
        sink: &mut Sink,
    ) -> Result<Step, Error> {
        let range = match (response.status(), sink.left()) {
            (StatusCode::PARTIAL_CONTENT, Some(left)) => ranges::goes_on(response.headers(), &left),
            _ => None,
        };
        let Some(range) = range else {
            if !response.status().is_success() {
                self.drain(alarm, &mut response).await;
            }
            return Err(Error::Range("it has another version".to_owned()));
        };
        self.read(
            alarm.as_mut(),
            &mut response,
            sink,
            range.first,
            Some(&range),
        )
        .await?;
        sink.flush().await?;
        if !sink.segment_is_complete() {
            // The server has sent less than was requested, and said so.
            self.tries.progress(sink);
            return Ok(Step::Resend);
        }
        Ok(Step::Segment)
    }
}

/// Fetches ranges until none is missing, or until one fails: then another helper fetches that one.
fn helper<'a>(
    inner: &'a Arc<Inner>,
    request: &'a Request,
    clock: Clock<'a>,
    number: usize,
    spans: Arc<Spans>,
) -> BoxFuture<'a, ()> {
    Box::pin(async move {
        let mut alarm = pin!(alarm::unset());
        loop {
            let mut job = Job::new(inner, request, Place::default(), clock);
            let mirror = job.becomes_helper(number, &spans);
            if job.check().is_err() {
                return;
            }
            // First the permit and then the range: a helper that waits must not reserve a range.
            let Ok(permit) = job.turn(alarm.as_mut()).await else {
                return;
            };
            let Some(segment) = Segment::take(&spans, mirror.is_some()) else {
                return;
            };
            let mut sink = Sink::Segment(Some(Box::new(segment)));
            let done = job.until_done(alarm.as_mut(), permit, &mut sink).await;
            match (done, mirror) {
                (Ok(_), _) => {}
                (Err(Error::Range(_)), mirror) => {
                    spans.give_up(mirror);
                    if mirror.is_none() {
                        return;
                    }
                }
                (Err(_), _) => return,
            }
        }
    })
}

impl<'a> Job<'a> {
    /// Turns to the server of this helper: helpers are spread over the mirrors. Returns the number of the
    /// mirror, if it is not the first server.
    fn becomes_helper(&mut self, number: usize, spans: &Spans) -> Option<usize> {
        let extras = self.request.extras();
        let mirrors = extras.map_or(&[][..], |extras| &extras.mirrors);
        // Without a `Last-Modified`, only a checksum can show that mirrors have the same file.
        let comparable = spans.can_be_elsewhere() || self.request.checksum_wanted().is_some();
        let chosen = match comparable {
            true => number % (mirrors.len() + 1),
            false => 0,
        };
        self.is_helper = true;
        // It does not change its server.
        self.mirrors_asked = mirrors.len();
        let chosen = chosen.checked_sub(1).filter(|it| spans.is_of_use(*it))?;
        let mirror = mirrors.get(chosen)?;
        self.route.turn_to_mirror(mirror, &self.request.method);
        Some(chosen)
    }
}
