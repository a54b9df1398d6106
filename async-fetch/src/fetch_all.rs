//! Many requests as one stream.
//!
//! Futures and no tasks: all that is in flight lives in this one stream and is polled by whoever
//! polls it. That is what makes cancelling immediate, and saves a task and a channel for each
//! request.

use std::collections::{BTreeMap, VecDeque};
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;
use futures_util::stream::FuturesUnordered;

use crate::alarm;
use crate::fetcher::Inner;
use crate::job;
use crate::outcome::Outcome;
use crate::request::Request;

/// The outcomes of a stream of requests; see [`Fetcher::fetch_all`](crate::Fetcher::fetch_all).
///
/// It is done when the stream of requests has ended and all outcomes are out. It does its work
/// when it is polled, and at no other time.
pub struct FetchAll<S> {
    inner: Arc<Inner>,
    requests: Option<Pin<Box<S>>>,
    /// Each does one request after the other: a future of some kilobytes is made once for each
    /// place and not once for each request. They never end.
    slots: FuturesUnordered<Pin<Box<dyn Future<Output = ()> + Send>>>,
    board: Arc<Board>,
    /// What the board had on it when it was last looked at.
    notes: Notes,
    /// How many requests are in slots.
    running: usize,
    /// How many of those only wait: for their host, or for another attempt.
    parked: Arc<Parked>,
    next_index: u64,
    order: Option<Order>,
}

/// Where slots and stream meet.
#[derive(Default)]
struct Board(Mutex<Notes>);

#[derive(Default)]
struct Notes {
    done: VecDeque<Outcome>,
    /// Slots with nothing to do.
    idle: Vec<Arc<Mailbox>>,
}

/// What one slot is to do next.
#[derive(Default)]
struct Mailbox(Mutex<Letter>);

#[derive(Default)]
struct Letter {
    request: Option<(u64, Request)>,
    waker: Option<Waker>,
}

impl Notes {
    fn move_to(&mut self, other: &mut Notes) {
        other.done.append(&mut self.done);
        other.idle.append(&mut self.idle);
    }
}

impl Board {
    fn lock(&self) -> MutexGuard<'_, Notes> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Mailbox {
    fn lock(&self) -> MutexGuard<'_, Letter> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, index: u64, request: Request) {
        let mut letter = self.lock();
        letter.request = Some((index, request));
        if let Some(waker) = letter.waker.take() {
            waker.wake();
        }
    }

    async fn next(&self) -> (u64, Request) {
        poll_fn(|cx| {
            let mut letter = self.lock();
            match letter.request.take() {
                Some(next) => Poll::Ready(next),
                None => {
                    letter.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }
}

/// One place: it does what is in its mailbox, puts the outcome on the board, and looks again.
async fn slot(inner: Arc<Inner>, board: Arc<Board>, mailbox: Arc<Mailbox>, parked: Arc<Parked>) {
    let mut alarm = pin!(alarm::unset());
    loop {
        let (index, request) = mailbox.next().await;
        let outcome = job::run(&inner, request, index, Some(&parked), alarm.as_mut()).await;
        let mut notes = board.lock();
        notes.done.push_back(outcome);
        notes.idle.push(Arc::clone(&mailbox));
    }
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
            slots: FuturesUnordered::new(),
            board: Arc::default(),
            notes: Notes::default(),
            running: 0,
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
        let running = self.running;
        let early = self.order.as_ref().map_or(0, |order| order.early.len());
        let ahead = self.parked.count().min(limits.look_ahead);
        running < limits.jobs.saturating_add(ahead)
            && running + early < limits.jobs.saturating_add(limits.look_ahead)
    }

    fn new_slot(&self) -> Arc<Mailbox> {
        let mailbox = Arc::<Mailbox>::default();
        self.slots.push(Box::pin(slot(
            Arc::clone(&self.inner),
            Arc::clone(&self.board),
            Arc::clone(&mailbox),
            Arc::clone(&self.parked),
        )));
        mailbox
    }

    /// Takes requests while there are places.
    fn take(&mut self, cx: &mut Context<'_>) {
        while self.has_place()
            && let Some(requests) = &mut self.requests
        {
            match requests.as_mut().poll_next(cx) {
                Poll::Ready(Some(request)) => {
                    let index = self.next_index;
                    self.next_index += 1;
                    self.running += 1;
                    let idle = self.notes.idle.pop();
                    let mailbox = idle.unwrap_or_else(|| self.new_slot());
                    mailbox.put(index, request);
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
            if let Some(outcome) = this.notes.done.pop_front() {
                this.running -= 1;
                match &mut this.order {
                    None => return Poll::Ready(Some(outcome)),
                    Some(order) => {
                        order.early.insert(outcome.index, outcome);
                        continue;
                    }
                }
            }
            this.take(cx);
            if this.requests.is_none() && this.running == 0 {
                return Poll::Ready(None);
            }
            let taken = this.next_index;
            let _ = Pin::new(&mut this.slots).poll_next(cx);
            this.board.lock().move_to(&mut this.notes);
            if !this.notes.done.is_empty() {
                continue;
            }
            // Some may have begun to wait, and their places are free now.
            this.take(cx);
            if this.next_index == taken {
                return Poll::Pending;
            }
        }
    }
}
