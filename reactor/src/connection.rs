//! A connection from the inside: how it begins, which methods it calls, how it ends.

mod deadlines;
#[cfg(not(feature = "tls"))]
mod plain;
mod reading;
#[cfg(feature = "tls")]
mod secure;
mod writing;

use std::cell::{Cell, RefCell};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};

use event_loop::{Readiness, Token};

use crate::error::panic_message;
use crate::inner::Inner;
use crate::listener::Listener;
use crate::stream::Stream;
use crate::{Error, Peer, Protocol, Reason, Transport};
use deadlines::Deadlines;
use reading::Reading;
use writing::Writing;

pub(crate) struct Connection {
    pub(crate) reactor: Weak<Inner>,
    protocol: RefCell<Option<Box<dyn Protocol>>>,
    pub(crate) stream: RefCell<Stream>,
    pub(crate) peer: Peer,
    pub(crate) token: Cell<Option<Token>>,
    pub(crate) reading: Reading,
    pub(crate) writing: Writing,
    pub(crate) deadlines: Deadlines,
    ending: RefCell<Ending>,
    /// The connection is in the list for the end of the turn.
    queued: Cell<bool>,
    /// The port that accepted it.
    listener: Option<Rc<Listener>>,
}

/// How a connection ends.
enum Ending {
    Open,
    /// It is closed when everything is sent.
    Closing(Reason),
    /// It is cut at once. What was not sent is dropped.
    Cut(Reason),
    Lost,
}

impl Connection {
    pub(crate) fn open(
        inner: &Rc<Inner>,
        stream: Stream,
        peer: Peer,
        protocol: Box<dyn Protocol>,
        listener: Option<Rc<Listener>>,
    ) -> Transport {
        inner.connections.update(|count| count + 1);
        Transport(Rc::new(Connection {
            reactor: Rc::downgrade(inner),
            protocol: RefCell::new(Some(protocol)),
            stream: RefCell::new(stream),
            peer,
            token: Cell::new(None),
            reading: Reading::default(),
            writing: Writing::default(),
            deadlines: Deadlines::new(inner.event_loop().turn_began()),
            ending: RefCell::new(Ending::Open),
            queued: Cell::new(false),
            listener,
        }))
    }

    /// The socket could not be watched. The protocol was not told of it, so it is not told of its
    /// end.
    pub(crate) fn never_was(&self) {
        *self.ending.borrow_mut() = Ending::Lost;
        let protocol = self.protocol.take();
        drop(protocol);
        if let Some(inner) = self.reactor.upgrade() {
            inner.connections.update(|count| count - 1);
        }
    }

    /// Whether it has ended, or is about to end.
    pub(crate) fn is_ending(&self) -> bool {
        !matches!(*self.ending.borrow(), Ending::Open)
    }

    fn is_lost(&self) -> bool {
        matches!(*self.ending.borrow(), Ending::Lost)
    }

    fn is_cut(&self) -> bool {
        matches!(*self.ending.borrow(), Ending::Cut(_))
    }

    /// Ends it at once. The first reason counts, unless that was a close that is not done yet.
    pub(crate) fn cut(&self, reason: Reason) {
        let mut ending = self.ending.borrow_mut();
        if matches!(*ending, Ending::Open | Ending::Closing(_)) {
            *ending = Ending::Cut(reason);
        }
    }

    pub(crate) fn close(&self, reason: Reason) {
        let mut ending = self.ending.borrow_mut();
        if matches!(*ending, Ending::Open) {
            *ending = Ending::Closing(reason);
        }
    }

    /// Puts it into the list for the end of the turn.
    pub(crate) fn enqueue(&self, transport: &Transport) {
        if let Some(inner) = self.reactor.upgrade()
            && !self.queued.replace(true)
        {
            inner.queues.queued.borrow_mut().push(transport.clone());
        }
    }

    /// Calls the protocol. If that panics, the connection is cut.
    fn call(
        &self,
        transport: &Transport,
        f: impl FnOnce(&mut dyn Protocol, &Transport),
    ) -> Result<(), Error> {
        let mut protocol = self.protocol.borrow_mut();
        let Some(protocol) = protocol.as_deref_mut() else {
            return Ok(());
        };
        catch_unwind(AssertUnwindSafe(|| f(protocol, transport))).map_err(|panic| {
            tracing::error!(
                peer = %self.peer,
                panic = panic_message(&*panic),
                "a protocol panicked"
            );
            self.cut(Reason::Panicked);
            Error::panicked(&*panic)
        })
    }

    /// [`call`](Connection::call), for callers that need not know of a panic.
    fn tell(&self, transport: &Transport, f: impl FnOnce(&mut dyn Protocol, &Transport)) {
        let _ = self.call(transport, f);
    }

    /// The connection is made: calls the protocol's `connection_made`.
    pub(crate) fn made(&self, transport: &Transport) -> Result<(), Error> {
        let made = match self.begins_with_handshake(transport) {
            true => Ok(()),
            false => self.tell_made(transport),
        };
        self.settle(transport);
        made
    }

    fn tell_made(&self, transport: &Transport) -> Result<(), Error> {
        let _span = tracing::info_span!("connection_made").entered();
        self.call(transport, |protocol, transport| {
            protocol.connection_made(transport);
        })
    }

    /// Handles an event of the event loop for this connection.
    pub(crate) fn ready(&self, transport: &Transport, readiness: Readiness) {
        if self.is_lost() {
            return;
        }
        self.reading.told(readiness);
        self.writing.told(readiness);
        // Data that came before the error can still be read. After that, reading returns the error.
        if readiness.error() && !self.reading.has_more() {
            let error = self.stream.borrow().take_error();
            match error {
                Ok(Some(error)) | Err(error) => self.cut(error.into()),
                Ok(None) => {}
            }
        }
        self.read(transport);
        self.settle(transport);
    }

    /// The other end of a connection in memory may have changed.
    pub(crate) fn edge(&self) {
        self.reading.edge();
        self.writing.edge();
    }

    /// Its turn in the list: reads on, if there is more, and does what is due.
    pub(crate) fn take_turn(&self, transport: &Transport) {
        self.queued.set(false);
        if !self.reading.is_resumed() {
            self.read(transport);
        }
        self.settle(transport);
    }

    /// Does what has become due: sends, tells the protocol about water marks, closes.
    pub(crate) fn settle(&self, transport: &Transport) {
        if self.is_lost() {
            return;
        }
        self.flush(transport);
        self.resume(transport);
        self.tell_water(transport);
        self.end_writing(transport);
        let ending = self.ending.replace(Ending::Open);
        match ending {
            Ending::Cut(reason) => self.lose(&reason),
            Ending::Closing(reason) if self.writing.is_empty() && self.may_close(transport) => {
                self.lose(&reason);
            }
            // Both halves have ended.
            Ending::Open if self.reading.has_ended() && self.writing.has_ended() => {
                self.lose(&Reason::EndOfStream);
            }
            ending => {
                *self.ending.borrow_mut() = ending;
            }
        }
    }

    /// Ends the connection.
    pub(crate) fn lose(&self, reason: &Reason) {
        if matches!(self.ending.replace(Ending::Lost), Ending::Lost) {
            return;
        }
        let mut stream = self.stream.replace(Stream::Closed);
        if let Some(inner) = self.reactor.upgrade() {
            if let Some(token) = self.token.take() {
                match stream.source() {
                    Some(source) => inner.forget(token, source),
                    None => inner.forget_memory(token),
                }
            }
            if let Some(timer) = self.deadlines.take_timer() {
                drop(inner.cancel_timer(timer));
            }
            inner.connections.update(|count| count - 1);
        }
        let unsent = self.writing.take();
        self.log_cut(reason, unsent);
        let handshake = Self::failed_handshake(&mut stream);
        // A cut connection must not look complete to the other end. A handshake has sent no data.
        if handshake.is_none() && (reason.is_cut() || unsent > 0 || stream.has_unsent()) {
            stream.reset_on_close();
        }
        stream.closed(reason);
        drop(stream);
        let protocol = self.protocol.take();
        if let Some(failed) = handshake {
            // The protocol was not told of the connection. Only the caller that waits for it is
            // told.
            drop(protocol);
            failed(reason);
        } else if let Some(mut protocol) = protocol {
            // Dropped inside the closure, because `drop` may panic too.
            let _span = tracing::info_span!("connection_lost").entered();
            let telling = AssertUnwindSafe(move || protocol.connection_lost(reason));
            if let Err(panic) = catch_unwind(telling) {
                tracing::error!(
                    peer = %self.peer,
                    panic = panic_message(&*panic),
                    "a protocol panicked when its connection was lost"
                );
            }
        }
        if let Some(listener) = &self.listener {
            listener.closed_one();
        }
        if let Some(inner) = self.reactor.upgrade() {
            inner.closed_one();
        }
    }

    fn log_cut(&self, reason: &Reason, unsent: usize) {
        let peer = self.peer;
        match reason {
            Reason::Overflow { .. } | Reason::Stalled(_) => {
                tracing::warn!(%peer, %reason, unsent, "a connection was cut");
            }
            reason if reason.is_cut() => {
                tracing::debug!(%peer, %reason, unsent, "a connection was cut");
            }
            _ => {}
        }
    }
}
