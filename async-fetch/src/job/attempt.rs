//! One message and its answer, and the step that follows from the answer.

use std::pin::Pin;
use std::time::SystemTime;

use http::{Method, StatusCode, header};
use tokio::time::Sleep;

use super::ranges::{self, ContentRange};
use super::settle::is_same;
use super::tries::Reason;
use super::{Job, Step, transfer};
use crate::alarm::within;
use crate::digest::Challenge;
use crate::error::Error;
use crate::error::client::is_unprocessed;
use crate::gate::Host;
use crate::outcome::{Answer, Body};
use crate::part::Left;
use crate::redirect;
use crate::request::Keep;
use crate::retry;
use crate::sink::Sink;

/// The meaning of an answer's body, if a part of the body exists already.
pub(super) enum Meaning {
    /// It is the whole body.
    Whole,
    /// It is the missing part, or some of it.
    Rest(ContentRange),
    /// Nothing is missing.
    Nothing,
    /// It is not the part that was requested: request all of it.
    Useless,
}

impl Job<'_> {
    /// Sends one message, and handles its answer.
    pub(super) async fn once(
        &mut self,
        host: &Host,
        mut alarm: Pin<&mut Sleep>,
        sink: &mut Sink,
    ) -> Result<Step, Error> {
        let asks_for_range = self.asks_for_range();
        let left = sink.left().filter(|_| {
            !self.route.from_the_start && !asks_for_range && *self.route.method() == Method::GET
        });
        let message = self.message(left.as_ref())?;
        let client = self.inner.clients.of(self.route.url())?;
        let sending = client.execute(message);
        let sent = within(alarm.as_mut(), || self.clock.header(), sending).await?;
        let mut response = match sent {
            Ok(response) => response,
            Err(error) => {
                if is_unprocessed(&error) && self.tries.can_be_sent_anew() {
                    return Ok(Step::Resend);
                }
                let url = self.route.url();
                let (name, proxy) = (url.host_str().unwrap_or(""), self.inner.proxies.of(url));
                let connect = self.inner.timeouts.connect;
                let error = Error::sending(&error, name, proxy, connect);
                if self.resends_after(&error) {
                    return Ok(Step::Resend);
                }
                return Err(error);
            }
        };
        self.clock.answered();
        if let Some(jar) = &self.inner.cookies {
            jar.store(self.route.url(), response.headers());
        }
        if let Some(step) = self.not_yet(host, alarm.as_mut(), &mut response).await? {
            return Ok(step);
        }
        transfer::check(&response)?;
        if let Sink::Segment(_) = sink {
            return self.take_segment(alarm, response, sink).await;
        }
        let meaning = meaning(&response, left.as_ref(), asks_for_range)?;
        if let Meaning::Useless = meaning {
            self.drain(alarm, &mut response).await;
            self.route.from_the_start = true;
            return Ok(Step::Resend);
        }
        self.take(alarm, response, sink, meaning, left).await
    }

    /// Whether the request itself has a `Range`.
    fn asks_for_range(&self) -> bool {
        let own = self.request.extras().map(|extras| &extras.headers);
        own.is_some_and(|own| own.contains_key(header::RANGE))
            || self.inner.headers.contains_key(header::RANGE)
    }

    /// The next step, if this is not the final answer: a redirect, a challenge, or a status to retry after.
    async fn not_yet(
        &mut self,
        host: &Host,
        alarm: Pin<&mut Sleep>,
        response: &mut reqwest::Response,
    ) -> Result<Option<Step>, Error> {
        let status = response.status();
        let busy = retry::is_busy(status);
        // The host that redirects is judged, not the target.
        let slower = busy && host.refused(self.clock.sent());
        if !busy {
            host.answered();
        }
        if redirect::is_redirect(status) && self.follow(response)? {
            self.drain(alarm, response).await;
            return Ok(Some(Step::Elsewhere));
        }
        if status == StatusCode::UNAUTHORIZED
            && self.route.challenge.is_none()
            && self.credentials().is_some_and(|it| it.digest)
            && let Some(challenge) = Challenge::of(response.headers())
        {
            self.route.challenge = Some(challenge);
            self.drain(alarm, response).await;
            return Ok(Some(Step::Resend));
        }
        if !self.inner.retries.is_transient(status) || !retry::is_idempotent(self.route.method()) {
            return Ok(None);
        }
        let asked = retry::retry_after(response.headers(), SystemTime::now());
        if let Some(asked) = asked
            && asked <= self.inner.retries.longest_asked
        {
            // The host is overloaded, not this page: it gets no requests at all.
            host.pause(asked);
        }
        let text = || status.to_string();
        let wait = match busy {
            true => self.wait_after_refusal(host, slower, asked, &text),
            false => self.wait_before_next(&Reason {
                asked,
                free: false,
                text: &text,
            }),
        };
        let Some(wait) = wait else {
            return Ok(None);
        };
        self.drain(alarm, response).await;
        Ok(Some(Step::Again(wait)))
    }

    /// Reads the body of the answer, and adds it to the existing part.
    async fn take(
        &mut self,
        alarm: Pin<&mut Sleep>,
        mut response: reqwest::Response,
        sink: &mut Sink,
        meaning: Meaning,
        left: Option<Left>,
    ) -> Result<Step, Error> {
        let unsettled = self.unsettled.take();
        if sink.is_complete() && is_same(&response, &meaning, left.as_ref()) {
            self.drain(alarm, &mut response).await;
            return self.complete(response, sink, unsettled).await;
        }
        let status = response.status();
        let kept = status.is_success() || !matches!(self.request.keep, Keep::File(_));
        let mut nowhere = Sink::Nothing(None);
        let from = left.map_or(0, |left| left.length);
        let mut there = sink.length();
        let (sink, from) = match &meaning {
            Meaning::Nothing => {
                return self.complete(response, sink, None).await;
            }
            Meaning::Rest(range) => {
                sink.go_on_with(response.headers(), range.total).await?;
                (sink, from)
            }
            _ if kept => {
                there = 0;
                let total = self
                    .announced(&response)
                    .filter(|_| !self.is_coded(&response));
                sink.restart(response.headers(), total).await?;
                self.route.from_the_start = false;
                (sink, 0)
            }
            _ => {
                there = 0;
                (&mut nowhere, 0)
            }
        };
        let range = match &meaning {
            Meaning::Rest(range) => Some(range),
            _ => None,
        };
        let at_once = self.segments(&response);
        let spans = match at_once > 1 || sink.spans().is_some() {
            true => sink.split(at_once, self.inner.limits.segment).await?,
            false => None,
        };
        if spans.is_some() && range.is_none() {
            self.splits_left = self.splits_left.saturating_sub(1);
        }
        let read = match &spans {
            None => self.read(alarm, &mut response, sink, from, range).await?,
            Some(spans) => {
                self.read_beside(spans, at_once, alarm, &mut response, (sink, from), range)
                    .await?
            }
        };
        let is_part = match (&spans, range) {
            (Some(spans), _) => !spans.is_complete(),
            (None, range) => {
                range.is_some_and(|range| range.total.is_some_and(|total| range.last + 1 < total))
            }
        };
        if is_part {
            // The server has sent less than was requested, and said so; or some ranges were not
            // fetched.
            if sink.length() <= there {
                return Err(Error::Cut {
                    received: read.received,
                    announced: range.map(ContentRange::length),
                });
            }
            self.tries.progress(sink);
            return Ok(Step::Resend);
        }
        let mut answer = self.answer(response, there);
        answer.length = spans.map_or(read.length, |spans| spans.total());
        answer.received = read.received;
        answer.cut = read.cut;
        match kept {
            true => self.settle(answer, sink).await,
            false => Ok(Step::Done(answer)),
        }
    }

    pub(super) fn answer(&self, mut response: reqwest::Response, resumed_from: u64) -> Box<Answer> {
        Box::new(Answer {
            url: self.route.url().clone(),
            status: response.status(),
            version: response.version(),
            address: response.remote_addr(),
            headers: std::mem::take(response.headers_mut()),
            length: 0,
            received: 0,
            resumed_from,
            cut: false,
            checksum: None,
            body: Body::Nothing,
        })
    }
}

/// The meaning of an answer's body.
fn meaning(
    response: &reqwest::Response,
    left: Option<&Left>,
    asks_for_range: bool,
) -> Result<Meaning, Error> {
    let headers = response.headers();
    let status = response.status();
    let Some(left) = left else {
        let part = status == StatusCode::PARTIAL_CONTENT && !asks_for_range;
        if part && !ContentRange::of(headers).is_some_and(|range| range.is_whole()) {
            return Err(Error::Range("it was to send all of it".to_owned()));
        }
        return Ok(Meaning::Whole);
    };
    match status {
        StatusCode::PARTIAL_CONTENT => match ranges::goes_on(headers, left) {
            Some(range) => Ok(Meaning::Rest(range)),
            None => Ok(Meaning::Useless),
        },
        StatusCode::RANGE_NOT_SATISFIABLE => {
            let total = ranges::total_of_unsatisfied(headers).or(left.total);
            let validator = left.validator.as_ref();
            let other = validator.is_some_and(|it| it.is_of_another(headers));
            let fits =
                |total: u64| total == left.length && left.total.is_none_or(|known| known == total);
            match total {
                Some(total) if fits(total) && !other => Ok(Meaning::Nothing),
                _ => Ok(Meaning::Useless),
            }
        }
        _ => Ok(Meaning::Whole),
    }
}
