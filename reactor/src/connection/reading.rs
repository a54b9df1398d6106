//! Edge-triggered reading: it reads until nothing is left, or until other connections have their
//! turn.

use std::cell::Cell;
use std::io::{ErrorKind, Read};

use event_loop::Readiness;

use super::Connection;
use crate::Transport;

/// How many full buffers are read from one connection before other connections have their turn.
const READS_A_TURN: usize = 4;

#[derive(Default)]
pub(crate) struct Reading {
    /// The protocol has paused reading.
    paused: Cell<bool>,
    /// Reading was resumed, and the protocol must be told.
    resumed: Cell<bool>,
    /// An edge was reported, and not everything was read yet.
    readable: Cell<bool>,
    /// The other end will send no more. So a short read does not mean that nothing is left.
    closed: Cell<bool>,
    /// The end of the stream was read.
    ended: Cell<bool>,
}

impl Reading {
    pub(super) fn told(&self, readiness: Readiness) {
        if readiness.readable() || readiness.read_closed() || readiness.error() {
            self.readable.set(true);
        }
        if readiness.read_closed() || readiness.error() {
            self.closed.set(true);
        }
    }

    pub(super) fn edge(&self) {
        self.readable.set(true);
        self.closed.set(true);
    }

    pub(crate) fn pause(&self) {
        self.paused.set(true);
        self.resumed.set(false);
    }

    /// Resumes reading. Returns false if it was not paused.
    pub(crate) fn resume(&self) -> bool {
        let was_paused = self.paused.replace(false);
        if was_paused {
            self.resumed.set(true);
        }
        was_paused
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.paused.get()
    }

    /// Everything that has come was read.
    pub(super) fn drained(&self) {
        self.readable.set(false);
    }

    pub(super) fn is_resumed(&self) -> bool {
        self.resumed.get()
    }

    pub(crate) fn has_ended(&self) -> bool {
        self.ended.get()
    }

    /// Whether there may be data to read, and the protocol wants it.
    pub(super) fn has_more(&self) -> bool {
        self.readable.get() && !self.paused.get() && !self.ended.get()
    }
}

impl Connection {
    /// Reads until nothing is left, or until other connections have their turn.
    pub(super) fn read(&self, transport: &Transport) {
        let reading = &self.reading;
        if !reading.has_more() || self.is_ending() {
            return;
        }
        if !self.shake_hands(transport) {
            return;
        }
        let Some(inner) = self.reactor.upgrade() else {
            return;
        };
        // One buffer for all connections: its data is passed on before the next read.
        let Ok(mut buffer) = inner.buffers.read.try_borrow_mut() else {
            // The buffer is in use: a protocol made this connection, in memory, while it got data.
            // Try later.
            return self.enqueue(transport);
        };
        for _ in 0..READS_A_TURN {
            if !reading.has_more() || self.is_ending() {
                return;
            }
            let read = self.stream.borrow_mut().read(&mut buffer);
            match read {
                Ok(0) => {
                    reading.ended.set(true);
                    reading.readable.set(false);
                    self.deadlines.touch(&inner);
                    self.tell(transport, |protocol, transport| {
                        protocol.end_received(transport);
                    });
                    // From here on it is half open, or closes.
                    self.arm(transport);
                }
                Ok(length) => {
                    // Data that comes from now on makes a new edge.
                    if length < buffer.len() && !reading.closed.get() {
                        reading.readable.set(false);
                    }
                    self.tell(transport, |protocol, transport| {
                        let _span = tracing::info_span!("data_received").entered();
                        protocol.data_received(transport, &buffer[..length]);
                    });
                    // After the call: it may have computed for a while, and that does not count as
                    // idle.
                    self.deadlines.touch(&inner);
                    if reading.readable.get() {
                        // The protocol may have written much. Send it before it gets more.
                        self.flush(transport);
                        self.tell_water(transport);
                    }
                }
                Err(error) => match error.kind() {
                    ErrorKind::Interrupted => {}
                    ErrorKind::WouldBlock => reading.drained(),
                    _ => self.cut(error.into()),
                },
            }
        }
        if reading.readable.get() {
            self.enqueue(transport);
        }
    }

    /// Reads on after a pause.
    pub(super) fn resume(&self, transport: &Transport) {
        if self.reading.resumed.take() && !self.reading.is_paused() && !self.is_ending() {
            self.tell(transport, |protocol, transport| {
                protocol.reading_resumed(transport);
            });
            self.read(transport);
            self.flush(transport);
        }
    }
}
