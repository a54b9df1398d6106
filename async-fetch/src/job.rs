//! One request, from its turn to its outcome: attempts, redirects, and the body.

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::time::{Instant, Sleep};
use url::Url;

use crate::address;
use crate::alarm::{self, Deadline, within};
use crate::decode::{self, Decoder};
use crate::error::{Error, Phase};
use crate::fetch_all::{Parked, ParkedGuard};
use crate::fetcher::Inner;
use crate::gate::Permit;
use crate::outcome::{Answer, Body, Outcome, Times};
use crate::redirect;
use crate::request::{Keep, Request};
use crate::retry;
use crate::sink::Sink;

/// What is read of a body that nobody wants, so that its connection can be used again. Longer
/// ones cost more than a new connection.
const DRAINED: usize = 16 * 1024;

/// How long that may take: what belongs to the header comes with it, and a new connection takes
/// about as long as a round trip or two.
const DRAINED_WITHIN: Duration = Duration::from_millis(100);

/// Does a request.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    request: Request,
    index: u64,
    parked: Option<&Arc<Parked>>,
    alarm: Pin<&mut Sleep>,
) -> Outcome {
    let came = Instant::now();
    let extras = request.extras();
    let mut job = Job {
        inner,
        parked,
        moved: None,
        method: request.method.clone(),
        headers: extras.map_or_else(HeaderMap::new, |extras| extras.headers.clone()),
        body: extras.and_then(|extras| extras.body.clone()),
        came,
        started: None,
        attempt_started: came,
        first_byte: Duration::ZERO,
        attempts: 0,
        redirects: Vec::new(),
        handed_on: false,
        request: &request,
    };
    let result = job.all(alarm).await;
    let end = Instant::now();
    let started = job.started.unwrap_or(end);
    let (attempts, redirects) = (job.attempts, std::mem::take(&mut job.redirects));
    let times = Times {
        waited: started - came,
        first_byte: job.first_byte,
        total: end - started,
    };
    if let Some(watch) = &inner.watch {
        watch.finished(request.tag);
    }
    Outcome {
        url: request.url,
        tag: request.tag,
        index,
        attempts,
        redirects,
        times,
        result,
    }
}

struct Job<'a> {
    inner: &'a Arc<Inner>,
    parked: Option<&'a Arc<Parked>>,
    request: &'a Request,
    /// Where redirects led.
    moved: Option<Url>,
    /// What is asked for now; redirects change it.
    method: Method,
    headers: HeaderMap,
    body: Option<Bytes>,
    came: Instant,
    /// When it was its turn for the first time.
    started: Option<Instant>,
    attempt_started: Instant,
    first_byte: Duration,
    attempts: u32,
    redirects: Vec<Url>,
    /// Part of the body is with somebody who can't give it back.
    handed_on: bool,
}

/// What an answer leads to.
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every step is the large one"
)]
enum Step {
    /// This is the one.
    Done(Answer),
    /// Ask there.
    Elsewhere,
    /// Ask again after a while.
    Again(Duration),
    /// What was left of an earlier run is of no use: ask again, for all of it.
    FromTheStart,
}

impl Job<'_> {
    /// Until there is an answer, or none to be hoped for.
    async fn all(&mut self, mut alarm: Pin<&mut Sleep>) -> Result<Answer, Error> {
        self.check()?;
        self.inner.budget.earn();
        let mut permit = self.turn(alarm.as_mut()).await?;
        let mut sink = Sink::new(self.request).await?;
        self.attempt_started = self.started.unwrap_or(self.came);
        let mut resumes = true;
        // Redirects and starts from the beginning are the same attempt.
        let mut new_attempt = true;
        loop {
            if new_attempt {
                self.attempts += 1;
                if let Some(watch) = &self.inner.watch {
                    watch.started(self.request.tag, self.url(), self.attempts);
                }
            }
            let result = self.once(alarm.as_mut(), &mut sink, resumes).await;
            let wait = match result {
                Ok(Step::Done(answer)) => return Ok(answer),
                Ok(Step::Elsewhere) => {
                    self.check()?;
                    // Another host has other limits, and this one's place is free for others.
                    drop(permit);
                    permit = self.turn(alarm.as_mut()).await?;
                    self.attempt_started = Instant::now();
                    new_attempt = false;
                    continue;
                }
                Ok(Step::FromTheStart) => {
                    resumes = false;
                    self.attempt_started = Instant::now();
                    new_attempt = false;
                    continue;
                }
                Ok(Step::Again(wait)) => wait,
                Err(error) => {
                    // What came is worth keeping, whatever happens next.
                    sink.flush().await?;
                    match self.wait_after(&error) {
                        Some(wait) => wait,
                        None => return Err(error),
                    }
                }
            };
            drop(permit);
            self.pause(wait).await;
            permit = self.turn(alarm.as_mut()).await?;
            self.attempt_started = Instant::now();
            new_attempt = true;
        }
    }

    /// Whether it can be asked for at all.
    fn check(&self) -> Result<(), Error> {
        match self.url().scheme() {
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => return Err(Error::NoTls),
            other => return Err(Error::Scheme(other.to_owned())),
        }
        if let Some(filter) = &self.inner.filter
            && let Some(address) = address::literal(self.url())
            && !filter(self.url().host_str().unwrap_or(""), address)
        {
            return Err(Error::Address(address));
        }
        Ok(())
    }

    /// Waits for its turn; from the first on, the time for all of it runs.
    async fn turn(&mut self, alarm: Pin<&mut Sleep>) -> Result<Permit, Error> {
        let mut waiting: Option<ParkedGuard> = None;
        let mut waited = false;
        let entered = self.inner.gate.enter(self.url(), || {
            waited = true;
            waiting = self.parked.map(Parked::enter);
        });
        let permit = match self.started {
            Some(_) => within(alarm, || self.total(), entered).await?,
            None => entered.await,
        };
        drop(waiting);
        if self.started.is_none() {
            // The clock is asked only if it was a wait.
            self.started = Some(if waited { Instant::now() } else { self.came });
        }
        Ok(permit)
    }

    /// Waits without a place, as nobody else has to.
    async fn pause(&self, wait: Duration) {
        let _waiting = self.parked.map(Parked::enter);
        tokio::time::sleep(wait).await;
    }

    /// Where it goes now.
    fn url(&self) -> &Url {
        self.moved.as_ref().unwrap_or(&self.request.url)
    }

    fn total(&self) -> Deadline {
        let total = self.inner.timeouts.total;
        Deadline {
            at: alarm::after(self.started.unwrap_or(self.came), total),
            phase: Phase::Total,
            after: total,
        }
    }

    /// How long to wait for another attempt after an error; `None` if there is to be none.
    fn wait_after(&self, error: &Error) -> Option<Duration> {
        let refused = self.inner.retries.refused && matches!(error, Error::Refused);
        // What never reached the server can be sent again, whatever it was.
        let unsent = matches!(
            error,
            Error::Refused
                | Error::Connect(_)
                | Error::Timeout {
                    phase: Phase::Connect,
                    ..
                }
        );
        let repeatable = retry::is_idempotent(&self.method) || unsent;
        if !(error.is_transient() || refused) || !repeatable {
            return None;
        }
        self.wait_before_next(None, &|| error.to_string())
    }

    /// How long to wait for another attempt; `None` if there is to be none.
    fn wait_before_next(
        &self,
        asked: Option<Duration>,
        reason: &dyn Fn() -> String,
    ) -> Option<Duration> {
        let retries = &self.inner.retries;
        if self.attempts > retries.most || self.handed_on {
            return None;
        }
        if asked.is_some_and(|asked| asked > retries.longest_asked) {
            return None;
        }
        let wait = asked.unwrap_or_else(|| retries.wait(self.attempts, chance()));
        // There is no use in waiting for what will be too late.
        if alarm::after(Instant::now(), wait) >= self.total().at || !self.inner.budget.spend() {
            return None;
        }
        if let Some(watch) = &self.inner.watch {
            watch.waits(self.request.tag, wait, &reason());
        }
        Some(wait)
    }

    /// Asks once.
    async fn once(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        sink: &mut Sink,
        resumes: bool,
    ) -> Result<Step, Error> {
        let resume = sink
            .resume()
            .filter(|_| resumes && self.method == Method::GET);
        let resumed_from = resume.map_or(0, |(length, _)| length);
        let message = self.message(resume)?;
        let timeouts = &self.inner.timeouts;
        let deadline = || {
            self.total().or(Deadline {
                at: alarm::after(self.attempt_started, timeouts.first_byte),
                phase: Phase::FirstByte,
                after: timeouts.first_byte,
            })
        };
        let sent = within(alarm.as_mut(), deadline, self.inner.client.execute(message)).await?;
        let mut response = sent.map_err(|error| {
            let host = self.url().host_str().unwrap_or("");
            Error::sending(&error, host, timeouts.connect)
        })?;
        self.first_byte = self.attempt_started.elapsed();

        let status = response.status();
        if redirect::is_redirect(status) && self.follow(&response)? {
            self.drain(alarm, &mut response).await;
            return Ok(Step::Elsewhere);
        }
        if retry::is_transient(status) && retry::is_idempotent(&self.method) {
            let asked = retry::retry_after(response.headers(), SystemTime::now());
            if let Some(asked) = asked
                && asked <= self.inner.retries.longest_asked
            {
                // It is the host that has too much to do, not this page.
                self.inner.gate.pause(self.url(), asked);
            }
            if let Some(wait) = self.wait_before_next(asked, &|| status.to_string()) {
                self.drain(alarm, &mut response).await;
                return Ok(Step::Again(wait));
            }
        }
        let mut resumed_from = resumed_from;
        if resumed_from > 0 {
            match status {
                StatusCode::PARTIAL_CONTENT if goes_on(response.headers(), resumed_from) => {}
                StatusCode::PARTIAL_CONTENT | StatusCode::RANGE_NOT_SATISFIABLE => {
                    self.drain(alarm, &mut response).await;
                    return Ok(Step::FromTheStart);
                }
                _ => resumed_from = 0,
            }
        }
        let kept = status.is_success() || !matches!(self.request.keep, Keep::File(_));
        if kept && resumed_from == 0 {
            sink.restart(response.headers()).await?;
        }
        let mut nowhere = Sink::Nothing(None);
        let sink = if kept { sink } else { &mut nowhere };
        let read = self.read(alarm, &mut response, sink, resumed_from).await?;
        let body = match kept {
            true => sink.finish(self.request).await?,
            false => Body::Nothing,
        };
        Ok(Step::Done(Answer {
            url: self.url().clone(),
            status,
            version: response.version(),
            address: response.remote_addr(),
            headers: std::mem::take(response.headers_mut()),
            length: read.length,
            received: read.received,
            resumed_from,
            cut: read.cut,
            body,
        }))
    }

    /// The message that is sent.
    fn message(&self, resume: Option<(u64, &str)>) -> Result<reqwest::Request, Error> {
        let mut message = reqwest::Request::new(self.method.clone(), self.url().clone());
        let headers = message.headers_mut();
        if !self.headers.is_empty() {
            headers.clone_from(&self.headers);
        }
        if let Some((length, validator)) = resume {
            let range = HeaderValue::try_from(format!("bytes={length}-"));
            let condition = HeaderValue::try_from(validator);
            if let (Ok(range), Ok(condition)) = (range, condition) {
                headers.insert(header::RANGE, range);
                headers.insert(header::IF_RANGE, condition);
            }
        }
        if self.request.decodes() && !headers.contains_key(header::ACCEPT_ENCODING) {
            let accepted = HeaderValue::from_static(decode::ACCEPTED);
            headers.insert(header::ACCEPT_ENCODING, accepted);
        }
        if let Some(body) = &self.body {
            *message.body_mut() = Some(body.clone().into());
        }
        Ok(message)
    }

    /// Turns to where a redirect leads, if it is to be followed.
    fn follow(&mut self, response: &reqwest::Response) -> Result<bool, Error> {
        let limit = self.inner.limits.redirects;
        if limit == 0 {
            return Ok(false);
        }
        let Some(to) = redirect::location(self.url(), response.headers())? else {
            return Ok(false);
        };
        if self
            .inner
            .follow
            .as_ref()
            .is_some_and(|rule| !rule(self.url(), &to))
        {
            return Ok(false);
        }
        let (method, with_body) = redirect::method(response.status(), &self.method);
        let seen = self.redirects.contains(&to) || to == self.request.url;
        // Without a change of method there would be the same answer.
        if seen && method == self.method {
            return Err(Error::RedirectLoop(to.into()));
        }
        if self.redirects.len() >= limit {
            return Err(Error::TooManyRedirects { limit });
        }
        let from = self.moved.as_ref().unwrap_or(&self.request.url);
        redirect::strip(&mut self.headers, from, &to);
        if !with_body {
            self.body = None;
            self.headers.remove(header::CONTENT_TYPE);
            self.headers.remove(header::CONTENT_LENGTH);
        }
        self.method = method;
        self.redirects.push(to.clone());
        self.moved = Some(to);
        Ok(true)
    }

    /// Reads what is left of a short body, for the sake of its connection.
    async fn drain(&self, mut alarm: Pin<&mut Sleep>, response: &mut reqwest::Response) {
        // For all of it: what drips must not hold a place.
        let deadline = self.total().or(Deadline {
            at: alarm::after(Instant::now(), DRAINED_WITHIN),
            phase: Phase::Idle,
            after: DRAINED_WITHIN,
        });
        let mut read = 0;
        while read < DRAINED {
            match within(alarm.as_mut(), || deadline, response.chunk()).await {
                Ok(Ok(Some(piece))) => read += piece.len(),
                _ => break,
            }
        }
    }

    fn idle(&self) -> Deadline {
        let idle = self.inner.timeouts.idle;
        self.total().or(Deadline {
            at: alarm::after(Instant::now(), idle),
            phase: Phase::Idle,
            after: idle,
        })
    }

    /// Reads a body to its end.
    async fn read(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        response: &mut reqwest::Response,
        sink: &mut Sink,
        resumed_from: u64,
    ) -> Result<Read, Error> {
        let limits = &self.inner.limits;
        let set = self.request.extras().and_then(|extras| extras.body_limit);
        let limit = set.unwrap_or(match self.request.keep {
            Keep::Memory => limits.body_in_memory,
            _ => limits.body,
        });
        let announced = response
            .content_length()
            .filter(|_| self.method != Method::HEAD);
        let mut decoder = match self.request.decodes() {
            true if self.method != Method::HEAD => {
                Decoder::new(response.headers(), limits.decoded_ratio)?
            }
            _ => None,
        };
        let whole = announced.map(|length| length.saturating_add(resumed_from));
        let cuts = self.request.cut;
        if decoder.is_none() && !cuts && whole.is_some_and(|whole| whole > limit) {
            return Err(Error::BodyTooLarge { limit });
        }
        let mut read = Read {
            received: 0,
            length: resumed_from,
            limit,
            cuts,
            cut: false,
        };
        loop {
            let next = within(alarm.as_mut(), || self.idle(), response.chunk()).await?;
            let piece = match next {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => return Err(Error::receiving(&error, read.received, announced)),
            };
            read.received += piece.len() as u64;
            match &mut decoder {
                None => {
                    let kept = read.grow(piece.len())?;
                    if !self.hand(sink, piece.slice(..kept), announced).await? || read.cut {
                        return Ok(read);
                    }
                }
                Some(decoder) => {
                    // The decoder's pieces are small; those of one piece that came are put together.
                    let mut made = Vec::new();
                    decoder.push(&piece, &mut |bytes| {
                        let kept = read.grow(bytes.len())?;
                        made.extend_from_slice(&bytes[..kept]);
                        Ok(())
                    })?;
                    let wanted = made.is_empty() || self.hand(sink, made.into(), None).await?;
                    if !wanted || read.cut {
                        return Ok(read);
                    }
                }
            }
            if let Some(watch) = &self.inner.watch {
                watch.received(self.request.tag, read.length, whole);
            }
        }
        if let Some(decoder) = &mut decoder {
            let mut made = Vec::new();
            decoder.finish(&mut |bytes| {
                let kept = read.grow(bytes.len())?;
                made.extend_from_slice(&bytes[..kept]);
                Ok(())
            })?;
            if !made.is_empty() {
                self.hand(sink, made.into(), None).await?;
            }
        }
        Ok(read)
    }

    async fn hand(
        &mut self,
        sink: &mut Sink,
        piece: Bytes,
        announced: Option<u64>,
    ) -> Result<bool, Error> {
        self.handed_on |= matches!(sink, Sink::Channel(..));
        sink.push(piece, announced).await
    }
}

/// How much of a body was read.
struct Read {
    received: u64,
    length: u64,
    limit: u64,
    /// What is longer is cut, and no error.
    cuts: bool,
    /// It was longer.
    cut: bool,
}

impl Read {
    /// So many bytes more have come; how many of them are kept.
    fn grow(&mut self, by: usize) -> Result<usize, Error> {
        let room = self.limit.saturating_sub(self.length);
        let kept = usize::try_from(room).map_or(by, |room| by.min(room));
        if kept < by {
            if !self.cuts {
                return Err(Error::BodyTooLarge { limit: self.limit });
            }
            self.cut = true;
        }
        self.length += kept as u64;
        Ok(kept)
    }
}

/// Whether a part begins where the last one ended.
fn goes_on(headers: &HeaderMap, from: u64) -> bool {
    let range = headers
        .get(header::CONTENT_RANGE)
        .and_then(|value| value.to_str().ok());
    range
        .and_then(|text| text.strip_prefix("bytes "))
        .and_then(|text| text.split_once('-'))
        .is_some_and(|(start, _)| start.parse() == Ok(from))
}

/// Something from 0 to 1 that differs between requests and runs.
fn chance() -> f64 {
    use std::hash::{BuildHasher, RandomState};
    // The keys of a new one are random, which is all that is wanted of it.
    let number = RandomState::new().hash_one(0_u8);
    (number >> 11) as f64 / (1_u64 << 53) as f64
}
