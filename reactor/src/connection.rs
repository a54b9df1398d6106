//! A connection from the inside: how it begins, whom it calls, how it ends.

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
    /// Waits to be looked after at the end of the turn.
    lined_up: Cell<bool>,
    /// Who accepted it.
    listener: Option<Rc<Listener>>,
}

/// How far it has come on its way to its end.
enum Ending {
    Open,
    /// To be closed when all is sent.
    Closing(Reason),
    /// To be cut at once: what was not sent is thrown away.
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
            lined_up: Cell::new(false),
            listener,
        }))
    }

    /// It could not be watched: nobody was told of it, so nobody is told of its end.
    pub(crate) fn never_was(&self) {
        *self.ending.borrow_mut() = Ending::Lost;
        let protocol = self.protocol.take();
        drop(protocol);
        if let Some(inner) = self.reactor.upgrade() {
            inner.connections.update(|count| count - 1);
        }
    }

    /// Over, or about to be.
    pub(crate) fn is_ending(&self) -> bool {
        !matches!(*self.ending.borrow(), Ending::Open)
    }

    fn is_lost(&self) -> bool {
        matches!(*self.ending.borrow(), Ending::Lost)
    }

    fn is_cut(&self) -> bool {
        matches!(*self.ending.borrow(), Ending::Cut(_))
    }

    /// To end at once. Whatever came first is why, but a close that has not come about yet.
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

    /// Has it looked after at the end of the turn.
    pub(crate) fn line_up(&self, transport: &Transport) {
        if let Some(inner) = self.reactor.upgrade()
            && !self.lined_up.replace(true)
        {
            inner.queues.lined_up.borrow_mut().push(transport.clone());
        }
    }

    /// Calls the protocol. A panic of its costs the connection.
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

    /// [`call`](Connection::call), by whom the panic is nobody else's business.
    fn tell(&self, transport: &Transport, f: impl FnOnce(&mut dyn Protocol, &Transport)) {
        let _ = self.call(transport, f);
    }

    /// There is a connection: its protocol is told.
    pub(crate) fn made(&self, transport: &Transport) -> Result<(), Error> {
        let made = match self.begins_with_handshake(transport) {
            true => Ok(()),
            false => self.tell_made(transport),
        };
        self.settle(transport);
        made
    }

    fn tell_made(&self, transport: &Transport) -> Result<(), Error> {
        self.call(transport, |protocol, transport| {
            protocol.connection_made(transport);
        })
    }

    /// The event loop says that something can be done.
    pub(crate) fn ready(&self, transport: &Transport, readiness: Readiness) {
        if self.is_lost() {
            return;
        }
        self.reading.told(readiness);
        self.writing.told(readiness);
        // What came before the error can still be read, and then reading tells the error.
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

    /// Something may have changed at the other end of a connection in memory.
    pub(crate) fn edge(&self) {
        self.reading.edge();
        self.writing.edge();
    }

    /// Its place in the line has come: goes on reading, if there is more, and settles.
    pub(crate) fn tend(&self, transport: &Transport) {
        self.lined_up.set(false);
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

    /// Ends it.
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
        // What was cut must not look complete to the other end. Of a handshake nothing was.
        if handshake.is_none() && (reason.is_cut() || unsent > 0 || stream.has_unsent()) {
            stream.reset_on_close();
        }
        stream.closed(reason);
        drop(stream);
        let protocol = self.protocol.take();
        if let Some(failed) = handshake {
            // Nobody was told of the connection, but for who waits for it.
            drop(protocol);
            failed(reason);
        } else if let Some(mut protocol) = protocol {
            // Dropped in here as well: a `drop` may panic too.
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
