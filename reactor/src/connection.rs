//! A connection from the inside: when to read and write, and when it is over.

use std::cell::{Cell, RefCell};
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::{Rc, Weak};
use std::time::{Duration, Instant};

use crate::error::panic_message;
use crate::listener::Listener;
use crate::outgoing::Outgoing;
use crate::reactor::{Action, Inner};
use crate::stream::Stream;
use crate::transport::{
    DEFAULT_HIGH_WATER, DEFAULT_LOW_WATER, DEFAULT_STALL_TIMEOUT, OVERFLOW_FACTOR,
};
use crate::{Peer, Protocol, Reason, Transport};
use event_loop::Readiness;
use event_loop::previous::{TimerKey, Token};

/// What a connection has to remember between two events.
pub(crate) struct Flag;

impl Flag {
    /// The protocol wants no data.
    pub(crate) const PAUSED: u16 = 1;
    /// Reading goes on, and the protocol has to be told.
    pub(crate) const RESUMED: u16 = 2;
    /// An edge was told and not read to its end yet.
    const READABLE: u16 = 4;
    /// The other end has said that it will send no more: a short read does not mean drained.
    const READ_CLOSED: u16 = 8;
    /// The end has been read.
    pub(crate) const ENDED: u16 = 16;
    /// The system takes nothing more until it says so.
    const BLOCKED: u16 = 32;
    /// High water was reached, and the protocol told so.
    const ABOVE: u16 = 64;
    /// To be closed for writing when all is sent.
    pub(crate) const ENDING: u16 = 128;
    /// Closed for writing.
    const WRITE_ENDED: u16 = 256;
    /// To be closed when all is sent.
    const CLOSING: u16 = 512;
    /// Waits to be looked after at the end of the turn.
    pub(crate) const LINED_UP: u16 = 1024;
    /// Over.
    const LOST: u16 = 2048;
}

/// How many full buffers are read from one connection before it is the others' turn.
const READS_A_TURN: usize = 4;

/// A write of so many bytes goes to the system as it is, and not by way of the buffer.
const LARGE_WRITE: usize = 16 * 1024;

pub(crate) struct Connection {
    pub(crate) reactor: Weak<Inner>,
    protocol: RefCell<Option<Box<dyn Protocol>>>,
    pub(crate) stream: RefCell<Stream>,
    pub(crate) peer: Peer,
    pub(crate) token: Cell<Option<Token>>,
    flags: Cell<u16>,
    pub(crate) out: RefCell<Outgoing>,
    pub(crate) low: Cell<u32>,
    pub(crate) high: Cell<u32>,
    /// Why it is to end: at once, or, with `CLOSING`, when all is sent.
    ending: RefCell<Option<Reason>>,
    pub(crate) idle: Cell<Option<Duration>>,
    pub(crate) stall: Cell<Option<Duration>>,
    /// When bytes went either way.
    active: Cell<Instant>,
    /// When bytes were sent, or there first were some to be sent.
    progress: Cell<Instant>,
    timer: Cell<Option<TimerKey>>,
    /// Who accepted it.
    listener: Option<Rc<Listener>>,
}

impl Connection {
    pub(crate) fn open(
        inner: &Rc<Inner>,
        stream: Stream,
        peer: Peer,
        protocol: Box<dyn Protocol>,
        listener: Option<Rc<Listener>>,
    ) -> Transport {
        let now = inner.now();
        inner.connections.update(|count| count + 1);
        Transport(Rc::new(Connection {
            reactor: Rc::downgrade(inner),
            protocol: RefCell::new(Some(protocol)),
            stream: RefCell::new(stream),
            peer,
            token: Cell::new(None),
            flags: Cell::new(0),
            out: RefCell::default(),
            low: Cell::new(DEFAULT_LOW_WATER as u32),
            high: Cell::new(DEFAULT_HIGH_WATER as u32),
            ending: RefCell::default(),
            idle: Cell::new(None),
            stall: Cell::new(Some(DEFAULT_STALL_TIMEOUT)),
            active: Cell::new(now),
            progress: Cell::new(now),
            timer: Cell::new(None),
            listener,
        }))
    }

    pub(crate) fn has(&self, flag: u16) -> bool {
        self.flags.get() & flag != 0
    }

    pub(crate) fn set(&self, flag: u16) {
        self.flags.update(|flags| flags | flag);
    }

    pub(crate) fn clear(&self, flag: u16) {
        self.flags.update(|flags| flags & !flag);
    }

    /// Takes a flag down; true if it was up.
    fn take(&self, flag: u16) -> bool {
        let was = self.has(flag);
        self.clear(flag);
        was
    }

    /// Over, or about to be.
    pub(crate) fn is_ending(&self) -> bool {
        self.has(Flag::LOST) || self.ending.borrow().is_some()
    }

    /// To end at once: what was not sent is thrown away.
    fn is_cut_off(&self) -> bool {
        !self.has(Flag::CLOSING) && self.ending.borrow().is_some()
    }

    /// To end at once: whatever came first is why.
    pub(crate) fn fail(&self, reason: Reason) {
        if self.has(Flag::LOST) {
            return;
        }
        let mut ending = self.ending.borrow_mut();
        if ending.is_none() || self.has(Flag::CLOSING) {
            self.clear(Flag::CLOSING);
            *ending = Some(reason);
        }
    }

    pub(crate) fn close(&self, reason: Reason) {
        if !self.is_ending() {
            self.set(Flag::CLOSING);
            *self.ending.borrow_mut() = Some(reason);
        }
    }

    pub(crate) fn write(&self, transport: &Transport, mut data: &[u8]) {
        if data.is_empty() || self.is_ending() || self.has(Flag::ENDING) {
            return;
        }
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        let mut out = self.out.borrow_mut();
        let limit = self.high.get() as usize * OVERFLOW_FACTOR;
        if out.len() >= limit {
            drop(out);
            self.fail(Reason::Overflow { limit });
            return transport.line_up();
        }
        if out.is_empty() {
            self.progress.set(inner.now());
            if data.len() >= LARGE_WRITE && !self.has(Flag::BLOCKED) {
                // An error will be told again when the rest is flushed.
                if let Ok(sent) = self.stream.borrow_mut().write(data) {
                    data = &data[sent..];
                    self.active.set(inner.now());
                }
            }
            if out.has_no_memory() && !data.is_empty() {
                out.give_memory(inner.spare_memory());
            }
        }
        out.push(data);
        transport.line_up();
    }

    /// Sends what waits, until all is sent or the system takes no more. Calls nobody.
    pub(crate) fn flush(&self, transport: &Transport) {
        if self.has(Flag::BLOCKED | Flag::LOST) || self.is_cut_off() {
            return;
        }
        let mut out = self.out.borrow_mut();
        if out.is_empty() {
            return;
        }
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        let mut stream = self.stream.borrow_mut();
        while !out.is_empty() {
            match stream.write(out.unsent()) {
                Ok(sent) => {
                    out.advance(sent);
                    self.progress.set(inner.now());
                    self.active.set(inner.now());
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => {
                        self.set(Flag::BLOCKED);
                        drop((out, stream));
                        return self.arm(transport);
                    }
                    _ => {
                        drop((out, stream));
                        self.fail(error.into());
                        return transport.line_up();
                    }
                },
            }
        }
        inner.keep_memory(out.take_memory());
    }

    /// Calls the protocol. A panic of its costs the connection.
    fn call(&self, transport: &Transport, f: impl FnOnce(&mut dyn Protocol, &Transport)) {
        let mut protocol = self.protocol.borrow_mut();
        let Some(protocol) = protocol.as_deref_mut() else {
            return;
        };
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| f(protocol, transport))) {
            tracing::error!(
                peer = %self.peer,
                panic = panic_message(&*panic),
                "a protocol panicked; its connection is cut off"
            );
            self.fail(Reason::Panicked);
        }
    }

    pub(crate) fn made(&self, transport: &Transport) {
        self.call(transport, |protocol, transport| {
            protocol.connection_made(transport);
        });
        self.settle(transport);
    }

    pub(crate) fn ready(&self, transport: &Transport, readiness: Readiness) {
        if readiness.read_closed() || readiness.error() {
            self.set(Flag::READ_CLOSED);
        }
        if readiness.readable() || readiness.read_closed() || readiness.error() {
            self.set(Flag::READABLE);
        }
        if readiness.writable() || readiness.write_closed() {
            self.clear(Flag::BLOCKED);
        }
        // Who reads meets the error behind the last bytes; who does not must be told.
        if readiness.error() && self.has(Flag::PAUSED | Flag::CLOSING | Flag::ENDED) {
            match self.stream.borrow().take_error() {
                Ok(Some(error)) | Err(error) => self.fail(error.into()),
                Ok(None) => {}
            }
        }
        self.read(transport);
        self.settle(transport);
    }

    /// Something may have changed at the other end of a connection in memory.
    pub(crate) fn edge(&self) {
        self.set(Flag::READABLE | Flag::READ_CLOSED);
        self.clear(Flag::BLOCKED);
    }

    /// Reads until there is no more, or it is the others' turn.
    fn read(&self, transport: &Transport) {
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        // One buffer for all connections: what comes is handed on before the next is read.
        let Ok(mut buffer) = inner.buffer.try_borrow_mut() else {
            // Somebody who was handed data has made this connection, in memory: later.
            return transport.line_up();
        };
        for _ in 0..READS_A_TURN {
            if !self.has(Flag::READABLE) || self.has(Flag::PAUSED | Flag::ENDED) || self.is_ending()
            {
                return;
            }
            let read = self.stream.borrow_mut().read(&mut buffer);
            match read {
                Ok(0) => {
                    self.set(Flag::ENDED);
                    self.clear(Flag::READABLE);
                    self.call(transport, |protocol, transport| {
                        protocol.end_received(transport);
                    });
                }
                Ok(length) => {
                    // What comes from now on is an edge of its own.
                    if length < buffer.len() && !self.has(Flag::READ_CLOSED) {
                        self.clear(Flag::READABLE);
                    }
                    self.active.set(inner.now());
                    self.call(transport, |protocol, transport| {
                        protocol.data_received(transport, &buffer[..length]);
                    });
                    if self.has(Flag::READABLE) {
                        // It may want to write all that before it is given more.
                        self.flush(transport);
                        self.heed_water(transport);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => self.clear(Flag::READABLE),
                    _ => self.fail(error.into()),
                },
            }
        }
        if self.has(Flag::READABLE) {
            transport.line_up();
        }
    }

    /// Its place in the line has come: goes on reading, if there is more, and settles.
    pub(crate) fn tend(&self, transport: &Transport) {
        self.clear(Flag::LINED_UP);
        if self.has(Flag::READABLE) && !self.has(Flag::RESUMED) {
            self.read(transport);
        }
        self.settle(transport);
    }

    /// Does what has become due: sends, tells the protocol about water marks, closes.
    pub(crate) fn settle(&self, transport: &Transport) {
        if self.has(Flag::LOST) {
            return;
        }
        self.flush(transport);
        if self.take(Flag::RESUMED) && !self.has(Flag::PAUSED) && !self.is_ending() {
            self.call(transport, |protocol, transport| {
                protocol.reading_resumed(transport);
            });
            self.read(transport);
            self.flush(transport);
        }
        self.heed_water(transport);
        if self.out.borrow().is_empty() {
            if self.has(Flag::ENDING) && !self.has(Flag::WRITE_ENDED) {
                self.set(Flag::WRITE_ENDED);
                // It fails only if the connection is gone, which reading tells.
                let _ = self.stream.borrow_mut().shut_write();
            }
            self.clear(Flag::CLOSING);
        }
        if self.is_cut_off() {
            let ending = self.ending.borrow_mut().take();
            if let Some(reason) = ending {
                self.lose(&reason);
            }
        }
    }

    /// Tells the protocol about water marks.
    fn heed_water(&self, transport: &Transport) {
        let waiting = transport.buffered();
        if waiting >= self.high.get() as usize && !self.has(Flag::ABOVE) {
            self.set(Flag::ABOVE);
            self.call(transport, |protocol, transport| {
                protocol.pause_producing(transport);
            });
        } else if waiting <= self.low.get() as usize && self.take(Flag::ABOVE) {
            self.call(transport, |protocol, transport| {
                protocol.resume_producing(transport);
            });
            self.flush(transport);
        }
    }

    /// Ends it.
    pub(crate) fn lose(&self, reason: &Reason) {
        if self.has(Flag::LOST) {
            return;
        }
        self.set(Flag::LOST);
        if let Some(inner) = self.reactor.upgrade() {
            if let Some(token) = self.token.take() {
                let mut stream = self.stream.borrow_mut();
                inner.forget(token, stream.source());
            }
            if let Some(timer) = self.timer.take() {
                inner.cancel(timer);
            }
            inner.connections.update(|count| count - 1);
        }
        let stream = self.stream.replace(Stream::Closed);
        if let Stream::Memory(pipe) = &stream {
            pipe.borrow_mut().closed(reason);
        }
        drop(stream);
        self.out.take();
        let protocol = self.protocol.take();
        if let Some(mut protocol) = protocol {
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

    /// When it will have been idle, or stalled, for too long.
    fn deadline(&self) -> Option<(Instant, Reason)> {
        let idle = self
            .idle
            .get()
            .map(|limit| (self.active.get() + limit, Reason::Idle(limit)));
        let waits = !self.out.borrow().is_empty();
        let stall = self
            .stall
            .get()
            .filter(|_| waits)
            .map(|limit| (self.progress.get() + limit, Reason::Stalled(limit)));
        match (idle, stall) {
            (Some(idle), Some(stall)) if idle.0 < stall.0 => Some(idle),
            (idle, stall) => stall.or(idle),
        }
    }

    /// Sets the timer for the next deadline. Later activity does not move it: when it is due, the
    /// deadline is looked at again.
    pub(crate) fn arm(&self, transport: &Transport) {
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        if self.has(Flag::LOST) {
            return;
        }
        let due = self.deadline();
        if let Some(timer) = self.timer.take() {
            inner.cancel(timer);
        }
        if let Some((due, _)) = due {
            let timer = inner.set_timer(due, Action::Deadline(Rc::downgrade(&transport.0)));
            self.timer.set(Some(timer));
        }
    }

    /// The timer is due. It was set for the activity of that time; there may have been more.
    pub(crate) fn deadline_due(&self, transport: &Transport) {
        self.timer.set(None);
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        match self.deadline() {
            Some((due, reason)) if due <= inner.now() => {
                self.fail(reason);
                self.settle(transport);
            }
            _ => self.arm(transport),
        }
    }
}
