//! Turns readiness into wake-ups.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use event_loop::{Interest, Readiness, Source, Token};
use slab::Slab;

use crate::executor::{Inner, Watched, budget};

/// One direction of a socket: reading or writing.
#[derive(Default)]
struct Direction {
    /// The last operation would have blocked, and no event came since.
    blocked: Cell<bool>,
    /// The async functions that wait. Each is removed when it is dropped.
    waiting: RefCell<Slab<Option<Waker>>>,
    /// The waker of the task that uses the traits of futures-io, which have no future to drop.
    polled: RefCell<Option<Waker>>,
}

impl Direction {
    fn told(&self) {
        self.blocked.set(false);
        let mut wakers: Vec<Waker> = self.polled.take().into_iter().collect();
        for (_, waker) in self.waiting.borrow_mut().iter_mut() {
            wakers.extend(waker.take());
        }
        wakers.into_iter().for_each(Waker::wake);
    }
}

/// A wait of an async function.
struct Waiting<'a> {
    direction: &'a Direction,
    place: Option<usize>,
}

impl Waiting<'_> {
    fn wait(&mut self, waker: Waker) {
        let mut waiting = self.direction.waiting.borrow_mut();
        let place = *self.place.get_or_insert_with(|| waiting.insert(None));
        let old = waiting[place].replace(waker);
        drop(waiting);
        drop(old);
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.place {
            let waker = self.direction.waiting.borrow_mut().remove(place);
            drop(waker);
        }
    }
}

/// The index of a direction.
#[derive(Clone, Copy)]
pub(super) struct Side(usize);

impl Side {
    pub(super) const READ: Side = Side(0);
    pub(super) const WRITE: Side = Side(1);
}

#[derive(Default)]
struct Sides([Direction; 2]);

impl Watched for Sides {
    fn ready(&self, readiness: Readiness) {
        let [read, write] = &self.0;
        let error = readiness.error();
        if readiness.readable() || readiness.read_closed() || error {
            read.told();
        }
        if readiness.writable() || readiness.write_closed() || error {
            write.told();
        }
    }
}

/// A socket that the event loop watches as long as this exists.
pub(super) struct Registered<S: Source> {
    socket: S,
    token: Token,
    sides: Rc<Sides>,
    inner: Rc<Inner>,
}

impl<S: Source> Registered<S> {
    #[track_caller]
    pub(super) fn new(mut socket: S, interest: Interest) -> io::Result<Registered<S>> {
        let inner = Inner::current();
        let sides = Rc::new(Sides::default());
        let watched: Rc<dyn Watched> = Rc::clone(&sides) as _;
        let token = inner
            .event_loop()
            .borrow_mut()
            .register(&mut socket, interest, watched)?;
        Ok(Registered {
            socket,
            token,
            sides,
            inner,
        })
    }

    pub(super) fn get(&self) -> &S {
        &self.socket
    }

    /// Tries `operation` until it does not block. If it is dropped, nothing is left behind.
    pub(super) async fn operate<T>(
        &self,
        side: Side,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let mut waiting = Waiting {
            direction: &self.sides.0[side.0],
            place: None,
        };
        poll_fn(|context| {
            let wait = |waker| waiting.wait(waker);
            self.attempt(side, context, &mut operation, wait)
        })
        .await
    }

    /// The same for the traits of futures-io: an event wakes the task that polled this direction
    /// last.
    pub(super) fn poll<T>(
        &self,
        side: Side,
        context: &mut Context<'_>,
        operation: impl FnMut(&S) -> io::Result<T>,
    ) -> Poll<io::Result<T>> {
        self.attempt(side, context, operation, |waker| {
            let old = self.sides.0[side.0].polled.replace(Some(waker));
            drop(old);
        })
    }

    fn attempt<T>(
        &self,
        side: Side,
        context: &mut Context<'_>,
        mut operation: impl FnMut(&S) -> io::Result<T>,
        wait: impl FnOnce(Waker),
    ) -> Poll<io::Result<T>> {
        if !self.inner.is_current() {
            return Poll::Ready(Err(io::Error::other(
                "this socket belongs to another executor, which does not run on this thread now",
            )));
        }
        ready!(budget::spend_on_socket(context));
        let direction = &self.sides.0[side.0];
        while !direction.blocked.get() {
            match operation(&self.socket) {
                Err(error) if error.kind() == ErrorKind::WouldBlock => direction.blocked.set(true),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                done => return Poll::Ready(done),
            }
        }
        wait(context.waker().clone());
        Poll::Pending
    }
}

impl<S: Source> Drop for Registered<S> {
    fn drop(&mut self) {
        let mut event_loop = self.inner.event_loop().borrow_mut();
        let watched = event_loop.deregister(&mut self.socket, self.token);
        drop(event_loop);
        drop(watched);
    }
}
