//! Many requests as one stream.
//!
//! There are futures and no tasks: this one stream owns all requests in flight, and polls them when it is
//! polled. So dropping it cancels all of them at once, and no request needs a task and a channel.

mod queue;

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;
use tracing::Instrument;

use crate::alarm;
use crate::fetcher::Inner;
use crate::job::{self, Place};
use crate::outcome::Outcome;
use crate::request::Request;
use queue::{Key, Next, Queue};

/// The outcomes of a stream of requests; see [`Fetcher::fetch_all`](crate::Fetcher::fetch_all).
///
/// It ends when the stream of requests has ended and all outcomes were returned. It works only while it is
/// polled.
pub struct FetchAll<S> {
    inner: Arc<Inner>,
    requests: Option<Pin<Box<S>>>,
    /// Each does one request after the other: a future of some kilobytes is made once for each slot, and not
    /// once for each request. They never end.
    slots: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>,
    shared: Arc<Shared>,
    /// What the slots had reported at the last look.
    events: Events,
    /// Requests that wait for their host.
    queue: Queue,
    /// How many requests are in slots.
    running: usize,
    /// How many of those only wait for their host, or for another attempt.
    parked: Arc<AtomicUsize>,
    next_index: u64,
    order: Option<Order>,
}

/// What the slots report to the stream.
#[derive(Default)]
pub(crate) struct Shared(Mutex<Events>);

#[derive(Default)]
struct Events {
    done: VecDeque<(Key, Box<Outcome>)>,
    /// Slots with nothing to do.
    idle: Vec<Arc<Mailbox>>,
    /// Requests that began or ended a wait for another attempt.
    rests: Vec<(Key, Rest)>,
}

#[derive(Clone, Copy)]
enum Rest {
    Begins,
    Ends,
}

/// The next request of a slot.
#[derive(Default)]
struct Mailbox(Mutex<MailboxState>);

#[derive(Default)]
struct MailboxState {
    next: Option<Next>,
    waker: Option<Waker>,
}

impl Events {
    fn move_to(&mut self, other: &mut Events) {
        other.done.append(&mut self.done);
        other.idle.append(&mut self.idle);
        other.rests.append(&mut self.rests);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Events> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, MailboxState> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, next: Next) {
        let mut state = self.lock();
        state.next = Some(next);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }

    async fn next(&self) -> Next {
        poll_fn(|cx| {
            let mut state = self.lock();
            match state.next.take() {
                Some(next) => Poll::Ready(next),
                None => {
                    state.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// One slot: it does the request in its mailbox, reports the outcome, and repeats.
async fn slot(
    inner: Arc<Inner>,
    shared: Arc<Shared>,
    mailbox: Arc<Mailbox>,
    count: Arc<AtomicUsize>,
) {
    let mut alarm = pin!(alarm::unset());
    loop {
        let next = mailbox.next().await;
        let place = Place {
            index: next.index,
            parked: Some(Parked {
                count: Arc::clone(&count),
                shared: Arc::clone(&shared),
                key: next.key,
            }),
            host: Some(next.host),
        };
        let span = tracing::info_span!(parent: None, "fetch", number = next.index);
        let job = job::run(&inner, next.request, place, alarm.as_mut());
        let outcome = job.instrument(span).await;
        let mut events = shared.lock();
        events.done.push_back((next.key, outcome));
        events.idle.push(Arc::clone(&mailbox));
    }
}

/// Outcomes that wait for those before them.
#[derive(Default)]
struct Order {
    early: BTreeMap<u64, Box<Outcome>>,
    next: u64,
}

/// With it a request tells its stream that it only waits, so that others can use its place.
pub(crate) struct Parked {
    /// How many requests of the stream only wait.
    count: Arc<AtomicUsize>,
    shared: Arc<Shared>,
    key: Key,
}

impl Parked {
    /// It waits for its host.
    pub(crate) fn enter(&self) -> ParkedGuard {
        self.count.fetch_add(1, Ordering::Relaxed);
        ParkedGuard {
            count: Arc::clone(&self.count),
            rests: None,
        }
    }

    /// It waits for another attempt. Meanwhile other requests for its host can start.
    pub(crate) fn rest(&self) -> ParkedGuard {
        self.shared.lock().rests.push((self.key, Rest::Begins));
        let mut guard = self.enter();
        guard.rests = Some((Arc::clone(&self.shared), self.key));
        guard
    }
}

pub(crate) struct ParkedGuard {
    count: Arc<AtomicUsize>,
    rests: Option<(Arc<Shared>, Key)>,
}

impl Drop for ParkedGuard {
    fn drop(&mut self) {
        self.count.fetch_sub(1, Ordering::Relaxed);
        if let Some((shared, key)) = &self.rests {
            shared.lock().rests.push((*key, Rest::Ends));
        }
    }
}

impl<S: Stream<Item = Request>> FetchAll<S> {
    pub(crate) fn new(inner: Arc<Inner>, requests: S) -> FetchAll<S> {
        FetchAll {
            inner,
            requests: Some(Box::pin(requests)),
            slots: FuturesUnordered::new(),
            shared: Arc::default(),
            events: Events::default(),
            queue: Queue::default(),
            running: 0,
            parked: Arc::default(),
            next_index: 0,
            order: None,
        }
    }

    /// The same outcomes, in the order of the requests. A slow request delays the outcomes after it: up to
    /// [`Limits::look_ahead`](crate::Limits) of them are kept, and then no further request is taken.
    #[must_use]
    pub fn in_order(mut self) -> FetchAll<S> {
        self.order = Some(Order::default());
        self
    }

    /// Whether another request can start.
    fn has_place(&self) -> bool {
        let limits = &self.inner.limits;
        let ahead = self.parked.load(Ordering::Relaxed).min(limits.look_ahead);
        self.running < limits.jobs.saturating_add(ahead)
    }

    /// Whether another request can be taken, to wait for its host.
    fn has_room(&self) -> bool {
        let limits = &self.inner.limits;
        let early = self.order.as_ref().map_or(0, |order| order.early.len());
        self.running + self.queue.len() + early < limits.jobs.saturating_add(limits.look_ahead)
    }

    fn new_slot(&self) -> Arc<Mailbox> {
        let mailbox = Arc::<Mailbox>::default();
        self.slots.push(Box::pin(slot(
            Arc::clone(&self.inner),
            Arc::clone(&self.shared),
            Arc::clone(&mailbox),
            Arc::clone(&self.parked),
        )));
        mailbox
    }

    /// Starts requests while there are slots, and reads ahead to find hosts that are not busy.
    fn take(&mut self, cx: &mut Context<'_>) {
        while self.has_place() {
            if let Some(next) = self.queue.pop() {
                self.running += 1;
                let idle = self.events.idle.pop();
                idle.unwrap_or_else(|| self.new_slot()).put(next);
                continue;
            }
            if !self.has_room() {
                return;
            }
            let Some(requests) = &mut self.requests else {
                return;
            };
            match requests.as_mut().poll_next(cx) {
                Poll::Ready(Some(request)) => {
                    let host = self.inner.gate.host(request.url());
                    self.queue.push(self.next_index, request, host);
                    self.next_index += 1;
                }
                Poll::Ready(None) => self.requests = None,
                Poll::Pending => return,
            }
        }
    }

    /// Handles requests that began or ended a wait for another attempt.
    fn hear_of_rests(&mut self) {
        for (key, rest) in self.events.rests.drain(..) {
            match rest {
                Rest::Begins => self.queue.rests(key),
                Rest::Ends => self.queue.goes_on(key),
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
                return Poll::Ready(Some(*outcome));
            }
            this.hear_of_rests();
            if let Some((key, outcome)) = this.events.done.pop_front() {
                this.running -= 1;
                this.queue.finished(key);
                match &mut this.order {
                    None => return Poll::Ready(Some(*outcome)),
                    Some(order) => {
                        order.early.insert(outcome.index, outcome);
                        continue;
                    }
                }
            }
            this.take(cx);
            if this.requests.is_none() && this.running == 0 && this.queue.len() == 0 {
                return Poll::Ready(None);
            }
            let running = this.running;
            let _ = Pin::new(&mut this.slots).poll_next(cx);
            this.shared.lock().move_to(&mut this.events);
            if !this.events.done.is_empty() {
                continue;
            }
            // Some requests may wait now, so that their places are free.
            this.hear_of_rests();
            this.take(cx);
            if this.running == running {
                return Poll::Pending;
            }
        }
    }
}
