//! Writing: written bytes wait in a buffer until the system accepts them, within limits.
//!
//! One callback may write any amount. After it, the protocol is told to pause if high water is
//! reached. If the protocol goes on writing in later turns, it may add a limited amount. Beyond
//! that its connection is cut.

use std::cell::{Cell, RefCell};
use std::io::{self, ErrorKind, Write};

use event_loop::Readiness;

use super::Connection;
use crate::outgoing::Outgoing;
use crate::transport::{DEFAULT_HIGH_WATER, DEFAULT_LOW_WATER, OVERFLOW_FACTOR};
use crate::{Reason, Transport};

/// A write of this many bytes goes straight to the system, not through the buffer.
const LARGE_WRITE: usize = 16 * 1024;

pub(crate) struct Writing {
    out: RefCell<Outgoing>,
    low: Cell<u32>,
    high: Cell<u32>,
    /// How much was added since the protocol was told to pause.
    added: Cell<u32>,
    /// The protocol was told to pause, and may not go on yet.
    paused: Cell<bool>,
    /// The system accepts no more until its next event.
    blocked: Cell<bool>,
    /// The other end will never accept more.
    refused: Cell<bool>,
    half: Cell<Half>,
}

/// The sending half of a connection.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Half {
    Open,
    /// It is closed when everything is sent.
    Ending,
    Ended,
}

impl Default for Writing {
    fn default() -> Self {
        Writing {
            out: RefCell::default(),
            low: Cell::new(DEFAULT_LOW_WATER as u32),
            high: Cell::new(DEFAULT_HIGH_WATER as u32),
            added: Cell::new(0),
            paused: Cell::new(false),
            blocked: Cell::new(false),
            refused: Cell::new(false),
            half: Cell::new(Half::Open),
        }
    }
}

impl Writing {
    pub(super) fn told(&self, readiness: Readiness) {
        if readiness.writable() || readiness.write_closed() || readiness.error() {
            self.blocked.set(false);
        }
        if readiness.write_closed() {
            self.refused.set(true);
        }
    }

    pub(super) fn edge(&self) {
        self.blocked.set(false);
    }

    /// How many bytes wait.
    pub(crate) fn len(&self) -> usize {
        self.out.borrow().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Drops the waiting bytes. Returns how many there were.
    pub(super) fn take(&self) -> usize {
        self.out.take().len()
    }

    pub(crate) fn high(&self) -> usize {
        self.high.get() as usize
    }

    pub(crate) fn set_limits(&self, low: usize, high: usize) {
        let high = u32::try_from(high).unwrap_or(u32::MAX).max(1);
        self.high.set(high);
        let low = u32::try_from(low).unwrap_or(u32::MAX);
        self.low.set(low.min(high));
    }

    /// Closes the sending half when everything is sent.
    pub(crate) fn end(&self) {
        if self.half.get() == Half::Open {
            self.half.set(Half::Ending);
        }
    }

    /// Nothing more is sent: this end has closed its half, or the other end has closed the
    /// connection.
    pub(super) fn has_ended(&self) -> bool {
        self.half.get() == Half::Ended || self.refused.get()
    }

    /// Less than what `added` can count to.
    fn limit(&self) -> usize {
        let limit = self.high().saturating_mul(OVERFLOW_FACTOR);
        limit.min(u32::MAX as usize - 1)
    }

    /// Counts what a paused protocol adds. Returns false if that is too much.
    fn add_paused(&self, length: usize) -> bool {
        if !self.paused.get() {
            return true;
        }
        let length = u32::try_from(length).unwrap_or(u32::MAX);
        let added = self.added.get().saturating_add(length);
        self.added.set(added);
        added as usize <= self.limit()
    }

    fn pause(&self) {
        self.added.set(0);
        self.paused.set(true);
    }
}

impl Connection {
    pub(crate) fn write(&self, transport: &Transport, mut data: &[u8]) {
        let writing = &self.writing;
        if data.is_empty() || self.is_ending() || writing.half.get() != Half::Open {
            return;
        }
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        if !writing.add_paused(data.len()) {
            // The other end may have just read something.
            self.flush(transport);
            if writing.len() > writing.low.get() as usize {
                let limit = writing.limit();
                self.cut(Reason::Overflow { limit });
                return self.enqueue(transport);
            }
            writing.pause();
            writing.add_paused(data.len());
        }
        let mut out = writing.out.borrow_mut();
        if out.is_empty() {
            if data.len() >= LARGE_WRITE && !writing.blocked.get() {
                // An error will come again when the rest is flushed.
                if let Ok(sent) = self.stream.borrow_mut().write(data) {
                    data = &data[sent..];
                    self.deadlines.touch(&inner);
                }
            }
            if out.has_no_memory() && !data.is_empty() {
                out.give_memory(inner.buffers.spare());
            }
        }
        out.push(data);
        drop(out);
        self.enqueue(transport);
    }

    /// Sends waiting bytes until all are sent or the system accepts no more. It calls no protocol.
    pub(crate) fn flush(&self, transport: &Transport) {
        let writing = &self.writing;
        if writing.blocked.get() || self.is_lost() || self.is_cut() {
            return;
        }
        let mut out = writing.out.borrow_mut();
        let mut stream = self.stream.borrow_mut();
        if out.is_empty() && !stream.has_unsent() {
            return;
        }
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        let mut progress = false;
        let flushed = loop {
            if out.is_empty() {
                break stream.flush();
            }
            match stream.write(out.unsent()) {
                Ok(sent) => {
                    out.advance(sent);
                    progress = true;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => break Err(error),
            }
        };
        drop(stream);
        match flushed {
            Ok(()) => {
                self.deadlines.drained();
                self.deadlines.touch(&inner);
                inner.buffers.keep(out.take_memory());
            }
            Err(error) => {
                drop(out);
                self.not_sent(transport, error, progress);
            }
        }
    }

    /// The system accepts no more, for now or for ever.
    fn not_sent(&self, transport: &Transport, error: io::Error, progress: bool) {
        if error.kind() != ErrorKind::WouldBlock {
            self.cut(error.into());
            return self.enqueue(transport);
        }
        self.writing.blocked.set(true);
        if let Some(inner) = self.reactor.upgrade() {
            self.deadlines.blocked(&inner, progress);
            self.arm(transport);
        }
    }

    /// Tells the protocol about water marks.
    pub(super) fn tell_water(&self, transport: &Transport) {
        let writing = &self.writing;
        let waiting = writing.len();
        if waiting >= writing.high() && !writing.paused.get() {
            writing.pause();
            self.tell(transport, |protocol, transport| {
                protocol.pause_producing(transport);
            });
        } else if waiting <= writing.low.get() as usize && writing.paused.take() {
            self.tell(transport, |protocol, transport| {
                protocol.resume_producing(transport);
            });
            self.flush(transport);
        }
    }

    /// Closes the sending half, if that was asked for and everything is sent.
    pub(super) fn end_writing(&self, transport: &Transport) {
        if self.writing.half.get() == Half::Ending && self.writing.is_empty() {
            self.writing.half.set(Half::Ended);
            // It fails only if the connection is gone, which reading reports, or if TLS must wait
            // to send its closing message.
            let _ = self.stream.borrow_mut().shut_write();
            self.flush(transport);
        }
    }

    /// Whether a connection that is to be closed, and has sent everything, may be closed now.
    pub(super) fn may_close(&self, transport: &Transport) -> bool {
        let Some(inner) = self.reactor.upgrade() else {
            return true;
        };
        let may_close = self.stream.borrow_mut().may_close(|| inner.now());
        match may_close {
            Ok(true) => return true,
            Ok(false) => self.arm(transport),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                self.not_sent(transport, error, false);
            }
            // The connection is gone.
            Err(_) => return true,
        }
        false
    }
}
