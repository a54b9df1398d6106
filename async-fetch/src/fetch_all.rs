//! Many requests as one stream.
//!
//! Futures and no tasks: all that is in flight lives in this one stream and is polled by whoever
//! polls it. That is what makes cancelling immediate, and saves a task and a channel for each
//! request.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;

use crate::fetcher::Inner;
use crate::job;
use crate::outcome::Outcome;
use crate::request::Request;

type Running = Pin<Box<dyn Future<Output = Outcome> + Send>>;

/// The outcomes of a stream of requests; see [`Fetcher::fetch_all`](crate::Fetcher::fetch_all).
///
/// It is done when the stream of requests has ended and all outcomes are out. It does its work
/// when it is polled, and at no other time.
pub struct FetchAll<S> {
    inner: Arc<Inner>,
    requests: Option<Pin<Box<S>>>,
    running: FuturesUnordered<Running>,
    /// How many of those only wait: for their host, or for another attempt.
    parked: Arc<Parked>,
    next_index: u64,
    order: Option<Order>,
}

/// Outcomes that wait for those before them.
#[derive(Default)]
struct Order {
    early: BTreeMap<u64, Outcome>,
    next: u64,
}

/// How many requests of a stream only wait.
#[derive(Debug, Default)]
pub(crate) struct Parked(AtomicUsize);

impl Parked {
    fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn enter(parked: &Arc<Parked>) -> ParkedGuard {
        parked.0.fetch_add(1, Ordering::Relaxed);
        ParkedGuard(Arc::clone(parked))
    }
}

pub(crate) struct ParkedGuard(Arc<Parked>);

impl Drop for ParkedGuard {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S: Stream<Item = Request>> FetchAll<S> {
    pub(crate) fn new(inner: Arc<Inner>, requests: S) -> FetchAll<S> {
        FetchAll {
            inner,
            requests: Some(Box::pin(requests)),
            running: FuturesUnordered::new(),
            parked: Arc::default(),
            next_index: 0,
            order: None,
        }
    }

    /// The same outcomes in the order of the requests. One that takes long holds back those after
    /// it: as many as [`Limits::look_ahead`](crate::Limits) are kept meanwhile, and then no
    /// further request is taken.
    #[must_use]
    pub fn in_order(mut self) -> FetchAll<S> {
        self.order = Some(Order::default());
        self
    }

    /// Whether there is a place for another request.
    fn has_place(&self) -> bool {
        let limits = &self.inner.limits;
        let running = self.running.len();
        let early = self.order.as_ref().map_or(0, |order| order.early.len());
        let ahead = self.parked.count().min(limits.look_ahead);
        running < limits.jobs.saturating_add(ahead)
            && running + early < limits.jobs.saturating_add(limits.look_ahead)
    }

    /// Takes requests while there are places.
    fn take(&mut self, cx: &mut Context<'_>) {
        while self.has_place()
            && let Some(requests) = &mut self.requests
        {
            match requests.as_mut().poll_next(cx) {
                Poll::Ready(Some(request)) => {
                    let inner = Arc::clone(&self.inner);
                    let parked = Arc::clone(&self.parked);
                    let index = self.next_index;
                    self.next_index += 1;
                    self.running.push(Box::pin(async move {
                        job::run(&inner, request, index, Some(&parked)).await
                    }));
                }
                Poll::Ready(None) => self.requests = None,
                Poll::Pending => return,
            }
        }
    }
}

impl<S: Stream<Item = Request>> Stream for FetchAll<S> {
    type Item = Outcome;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Outcome>> {
        let this = &mut *self;
        loop {
            if let Some(order) = &mut this.order
                && let Some(outcome) = order.early.remove(&order.next)
            {
                order.next += 1;
                return Poll::Ready(Some(outcome));
            }
            this.take(cx);
            match Pin::new(&mut this.running).poll_next(cx) {
                Poll::Ready(Some(outcome)) => match &mut this.order {
                    None => return Poll::Ready(Some(outcome)),
                    Some(order) => {
                        order.early.insert(outcome.index, outcome);
                    }
                },
                Poll::Ready(None) if this.requests.is_none() => return Poll::Ready(None),
                Poll::Ready(None) => return Poll::Pending,
                // Some may have begun to wait, and their places are free now.
                Poll::Pending if this.requests.is_some() && this.has_place() => {
                    let before = this.next_index;
                    this.take(cx);
                    if this.next_index == before {
                        return Poll::Pending;
                    }
                }
                Poll::Pending => return Poll::Pending,
            }
        }
    }
}
