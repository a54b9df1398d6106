//! One request, from its turn to its outcome.

mod attempt;
mod body;
mod clock;
mod message;
mod ranges;
mod route;
mod segments;
mod settle;
mod transfer;
mod tries;

use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Sleep;

use crate::address;
use crate::alarm::within;
use crate::error::Error;
use crate::fetch_all::{Parked, ParkedGuard};
use crate::fetcher::Inner;
use crate::gate::{Host, Permit};
use crate::outcome::{Answer, Outcome};
use crate::request::Request;
use crate::sink::Sink;
use clock::Clock;
use route::Route;
use tries::Tries;

/// The place of a request in its stream. A single request has none.
#[derive(Default)]
pub(crate) struct Place {
    pub(crate) index: u64,
    pub(crate) parked: Option<Parked>,
    /// Its host, if it is known already.
    pub(crate) host: Option<Arc<Host>>,
}

/// Does a request to its end. The outcome is boxed, because it is large and handed on several times.
pub(crate) async fn run(
    inner: &Arc<Inner>,
    request: Request,
    place: Place,
    alarm: Pin<&mut Sleep>,
) -> Box<Outcome> {
    let index = place.index;
    let clock = Clock::start(&inner.timeouts);
    let mut job = Job::new(inner, &request, place, clock);
    let result = job.all(alarm).await;
    let times = job.clock.times();
    let Job { route, tries, .. } = job;
    if let Some(watch) = &inner.watch {
        watch.finished(request.tag);
    }
    Box::new(Outcome {
        redirects: route.into_redirects(),
        url: request.url,
        tag: request.tag,
        index,
        attempts: tries.attempts,
        out_of_budget: tries.out_of_budget,
        times,
        result: result.map(|answer| *answer),
    })
}

struct Job<'a> {
    /// Its permit; `None` while it waits.
    permit: Option<Permit>,
    inner: &'a Arc<Inner>,
    request: &'a Request,
    place: Place,
    route: Route<'a>,
    tries: Tries,
    clock: Clock<'a>,
    mirrors_asked: usize,
    /// How often its file may still be fetched in several ranges from the start.
    splits_left: u32,
    /// The answer that completed the file, during the last look at the server.
    unsettled: Option<Box<Answer>>,
    /// It fetches ranges of another request's file.
    is_helper: bool,
    /// A part of the body went to a channel, and can't be taken back.
    handed_on: bool,
}

/// The next step after an answer.
enum Step {
    /// This is the final answer. It is large, and handed on several times.
    Done(Box<Answer>),
    /// A range is complete.
    Segment,
    /// Follow a redirect.
    Elsewhere,
    /// Try again after this wait.
    Again(Duration),
    /// Send another message in the same attempt: with a password, for all of the body, or for the rest.
    Resend,
}

impl<'a> Job<'a> {
    fn new(inner: &'a Arc<Inner>, request: &'a Request, place: Place, clock: Clock<'a>) -> Job<'a> {
        Job {
            permit: None,
            inner,
            place,
            route: Route::new(request),
            tries: Tries::default(),
            clock,
            splits_left: segments::BEGINNINGS,
            unsettled: None,
            is_helper: false,
            handed_on: false,
            mirrors_asked: 0,
            request,
        }
    }
}

impl Job<'_> {
    async fn all(&mut self, mut alarm: Pin<&mut Sleep>) -> Result<Box<Answer>, Error> {
        self.check()?;
        self.inner.budget.earn();
        let permit = self.turn(alarm.as_mut()).await?;
        let mut sink = Sink::new(self.request, self.inner.watch.clone()).await?;
        let done = self.until_done(alarm, permit, &mut sink).await?;
        done.ok_or_else(|| Error::Setup("a range is no answer".to_owned()))
    }

    /// Makes attempts until there is a final answer, or no further attempt; `None` for a range.
    async fn until_done(
        &mut self,
        mut alarm: Pin<&mut Sleep>,
        permit: Permit,
        sink: &mut Sink,
    ) -> Result<Option<Box<Answer>>, Error> {
        let mut host = self.holds(permit);
        self.tries.begin(&host, sink.length());
        self.told_start();
        loop {
            let result = self.once(&host, alarm.as_mut(), sink).await;
            let wait = match result {
                Ok(Step::Done(answer)) => {
                    if answer.status.is_success() || !self.turn_to_mirror() {
                        return Ok(Some(answer));
                    }
                    Duration::ZERO
                }
                Ok(Step::Segment) => return Ok(None),
                Ok(Step::Elsewhere) => {
                    self.check()?;
                    // Another host has other limits. The place at this host is free for others.
                    self.place.host = None;
                    self.permit = None;
                    let permit = self.turn(alarm.as_mut()).await?;
                    host = self.holds(permit);
                    self.clock.attempt();
                    continue;
                }
                Ok(Step::Resend) => {
                    if self.permit.is_none() {
                        let permit = self.turn(alarm.as_mut()).await?;
                        host = self.holds(permit);
                    }
                    self.clock.attempt();
                    continue;
                }
                Ok(Step::Again(wait)) => wait,
                Err(error) => {
                    // Keep the bytes that came, whatever happens next.
                    sink.flush().await?;
                    self.tries.progress_of(sink, self.least_progress(&error));
                    match self.wait_after(&error) {
                        Some(wait) => wait,
                        None if self.turn_to_mirror() => {
                            if sink.is_lost() {
                                *sink = Sink::new(self.request, self.inner.watch.clone()).await?;
                            }
                            Duration::ZERO
                        }
                        None => return Err(error),
                    }
                }
            };
            self.permit = None;
            if !wait.is_zero() {
                self.pause(wait).await;
            }
            let permit = self.turn(alarm.as_mut()).await?;
            host = self.holds(permit);
            self.clock.attempt();
            self.tries.begin(&host, 0);
            self.told_start();
        }
    }

    /// Keeps the permit. Returns its host.
    fn holds(&mut self, permit: Permit) -> Arc<Host> {
        let host = Arc::clone(permit.host());
        self.permit = Some(permit);
        host
    }

    /// Turns to the next mirror, if there is one.
    fn turn_to_mirror(&mut self) -> bool {
        let mirrors = self.request.extras().map(|extras| &extras.mirrors);
        let next = mirrors.and_then(|mirrors| mirrors.get(self.mirrors_asked));
        let Some(mirror) = next.filter(|_| !self.handed_on) else {
            return false;
        };
        self.mirrors_asked += 1;
        self.route.turn_to_mirror(mirror, &self.request.method);
        self.tries.start_over();
        self.place.host = None;
        self.check().is_ok()
    }

    fn told_start(&self) {
        if let Some(watch) = self.inner.watch.as_ref().filter(|_| !self.is_helper) {
            watch.started(self.request.tag, self.route.url(), self.tries.attempts);
        }
    }

    /// Checks that the URL may be requested.
    fn check(&self) -> Result<(), Error> {
        let url = self.route.url();
        match url.scheme() {
            "http" => {}
            "https" if cfg!(feature = "tls") => {}
            "https" => return Err(Error::NoTls),
            other => return Err(Error::Scheme(other.to_owned())),
        }
        if let Some(filter) = &self.inner.filter
            && let Some(address) = address::literal(url)
            && !filter(url.host_str().unwrap_or(""), address)
        {
            return Err(Error::Address(address));
        }
        Ok(())
    }

    /// Waits for a permit. The total time runs from the first permit on.
    async fn turn(&mut self, alarm: Pin<&mut Sleep>) -> Result<Permit, Error> {
        let mut waiting: Option<ParkedGuard> = None;
        let mut waited = false;
        let host = match &self.place.host {
            Some(host) => Arc::clone(host),
            None => self.inner.gate.host(self.route.url()),
        };
        let entered = self.inner.gate.enter(host, || {
            waited = true;
            waiting = self.place.parked.as_ref().map(Parked::enter);
        });
        let permit = match self.clock.has_started() {
            true => within(alarm, || self.clock.total(), entered).await?,
            false => entered.await,
        };
        drop(waiting);
        self.clock.has_turn(waited);
        Ok(permit)
    }

    /// Waits without a permit, so that others can use it.
    async fn pause(&self, wait: Duration) {
        let _waiting = self.place.parked.as_ref().map(Parked::rest);
        tokio::time::sleep(wait).await;
    }
}
