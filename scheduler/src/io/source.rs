//! From readiness to wake-ups.

use std::cell::{Cell, RefCell};
use std::future::poll_fn;
use std::io::{self, ErrorKind};
use std::rc::Rc;
use std::task::{Poll, Waker};

use event_loop::previous::Token;
use event_loop::{Interest, Readiness, Source};

use crate::executor::{Inner, Watched};

/// Reading or writing, of one socket.
#[derive(Default)]
struct Direction {
    /// The last operation would have blocked, and nothing was told since.
    blocked: Cell<bool>,
    /// The other end has closed it: it will not block any more, and nothing more will be told.
    closed: Cell<bool>,
    waiting: RefCell<Vec<Waker>>,
}

impl Direction {
    fn told(&self, closed: bool) {
        self.blocked.set(false);
        if closed {
            self.closed.set(true);
        }
        for waker in self.waiting.take() {
            waker.wake();
        }
    }

    fn wait(&self, waker: &Waker) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|other| other.will_wake(waker)) {
            waiting.push(waker.clone());
        }
    }
}

/// A direction's place.
#[derive(Clone, Copy)]
pub(super) struct Side(usize);

impl Side {
    pub(super) const READ: Side = Side(0);
    pub(super) const WRITE: Side = Side(1);
}

#[derive(Default)]
struct Sides {
    token: Cell<Option<Token>>,
    sides: [Direction; 2],
}

impl Watched for Sides {
    fn ready(&self, token: Token, readiness: Readiness) {
        // An event of one that had this place before is late.
        if self.token.get() != Some(token) {
            return;
        }
        let [read, write] = &self.sides;
        let error = readiness.error();
        if readiness.readable() || readiness.read_closed() || error {
            read.told(readiness.read_closed() || error);
        }
        if readiness.writable() || readiness.write_closed() || error {
            write.told(readiness.write_closed() || error);
        }
    }
}

/// A socket that the event loop watches, as long as this lives.
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
        let token = inner
            .event_loop()
            .borrow_mut()
            .register(&mut socket, interest)?;
        let sides = Rc::new(Sides::default());
        sides.token.set(Some(token));
        inner.watch(token, Some(Rc::clone(&sides) as Rc<dyn Watched>));
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

    /// Tries `operation` until it would not block.
    pub(super) async fn operate<T>(
        &self,
        side: Side,
        mut operation: impl FnMut(&S) -> io::Result<T>,
    ) -> io::Result<T> {
        let direction = &self.sides.sides[side.0];
        poll_fn(|context| {
            if !self.inner.spend() {
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            loop {
                if direction.blocked.get() {
                    direction.wait(context.waker());
                    return Poll::Pending;
                }
                match operation(&self.socket) {
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {
                        direction.blocked.set(true);
                    }
                    Err(error) if error.kind() == ErrorKind::Interrupted => {}
                    done => return Poll::Ready(done),
                }
            }
        })
        .await
    }

    /// A read was short: the next one would block, and need not be tried.
    pub(super) fn drained(&self) {
        let read = &self.sides.sides[Side::READ.0];
        if !read.closed.get() {
            read.blocked.set(true);
        }
    }
}

impl<S: Source> Drop for Registered<S> {
    fn drop(&mut self) {
        self.inner.watch(self.token, None);
        let mut event_loop = self.inner.event_loop().borrow_mut();
        // It is closed in a moment, which ends the watching too.
        drop(event_loop.deregister(&mut self.socket, self.token));
    }
}
